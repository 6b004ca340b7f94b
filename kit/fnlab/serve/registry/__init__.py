"""A registry of models on disk: versions by number, stages that point to them, where each came from.

:mod:`~fnlab.serve.registry.objects` keeps files by their content; :mod:`~fnlab.serve.registry.index` keeps what is
known of them in one SQLite file; :mod:`~fnlab.serve.registry.intake` turns a model into files; and
:class:`~fnlab.serve.registry.registry.Registry` joins them.
"""

from fnlab.serve.registry.diff import Diff
from fnlab.serve.registry.nouns import Checked, Damage, ModelVersion, Move, StoredFile, Swept
from fnlab.serve.registry.registry import Registry

__all__ = ["Checked", "Damage", "Diff", "ModelVersion", "Move", "Registry", "StoredFile", "Swept"]
