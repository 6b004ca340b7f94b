"""Networks of torch, keras and paddle behind one small face, so that there is one loop of epochs for all.

Which framework a network belongs to is told by the names of its classes: nothing here imports a framework before a
network of it is at hand.
"""

from fnlab.learn.networks.face import Learner, framework_of, learner, outputs, threads

__all__ = ["Learner", "framework_of", "learner", "outputs", "threads"]
