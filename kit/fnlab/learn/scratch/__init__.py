"""The classic algorithms written out, each on a page that can be read.

They keep scikit-learn's contract, so :func:`fnlab.learn.train` takes them like any other estimator.
"""
