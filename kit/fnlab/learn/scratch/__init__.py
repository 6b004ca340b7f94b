"""The classic algorithms written out, each on a page that can be read.

They keep scikit-learn's contract, so :func:`fnlab.learn.train` takes them like any other estimator.
"""

from fnlab.learn.scratch.kernels import RBF, Linear, Polynomial
from fnlab.learn.scratch.kmeans import KMeans
from fnlab.learn.scratch.logistic import LogisticRegression
from fnlab.learn.scratch.pegasos import PegasosSVC
from fnlab.learn.scratch.perceptron import Perceptron
from fnlab.learn.scratch.smo import Step, smo, smo_steps
from fnlab.learn.scratch.svm import KernelSVC
from fnlab.learn.scratch.tree import DecisionTree

__all__ = [
    "RBF",
    "DecisionTree",
    "KMeans",
    "KernelSVC",
    "Linear",
    "LogisticRegression",
    "PegasosSVC",
    "Perceptron",
    "Polynomial",
    "Step",
    "smo",
    "smo_steps",
]
