"""The classic algorithms and networks written out, each on a page that can be read.

The estimators keep scikit-learn's contract, so :func:`fnlab.learn.train` takes them like any other.
"""

from fnlab.learn.scratch.autograd import Value
from fnlab.learn.scratch.char_rnn import CharRNNClassifier
from fnlab.learn.scratch.convolution import convolve
from fnlab.learn.scratch.convolution_network import ConvolutionClassifier
from fnlab.learn.scratch.dense import DenseClassifier
from fnlab.learn.scratch.kernels import RBF, Linear, Polynomial
from fnlab.learn.scratch.kmeans import KMeans
from fnlab.learn.scratch.logistic import LogisticRegression
from fnlab.learn.scratch.mlp import MLP, gradient_descent
from fnlab.learn.scratch.pegasos import PegasosSVC
from fnlab.learn.scratch.perceptron import Perceptron
from fnlab.learn.scratch.smo import Step, smo, smo_steps
from fnlab.learn.scratch.svm import KernelSVC
from fnlab.learn.scratch.tree import DecisionTree

__all__ = [
    "MLP",
    "RBF",
    "CharRNNClassifier",
    "ConvolutionClassifier",
    "DecisionTree",
    "DenseClassifier",
    "KMeans",
    "KernelSVC",
    "Linear",
    "LogisticRegression",
    "PegasosSVC",
    "Perceptron",
    "Polynomial",
    "Step",
    "Value",
    "convolve",
    "gradient_descent",
    "smo",
    "smo_steps",
]
