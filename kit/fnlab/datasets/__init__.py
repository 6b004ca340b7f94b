"""Named data, checked against its hash and split the same way every time.

:func:`names` says what there is and :func:`load` gives a :class:`Dataset`, already cut into training and held-out
rows. The files come with fnlab; nothing here touches the network. :class:`TextEncoding` makes rows of texts.
"""

from fnlab.datasets.dataset import Dataset
from fnlab.datasets.encoding import TextEncoding
from fnlab.datasets.shelf import load, names

__all__ = ["Dataset", "TextEncoding", "load", "names"]
