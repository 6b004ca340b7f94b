"""Finds the version that is meant, and says in a sentence what is there instead; checks names."""

import re
from collections.abc import Mapping

from fnlab.errors import BadValue, NotFound, VersionNotFound
from fnlab.serve.registry.nouns import ModelVersion
from fnlab.serve.registry.tables import Tables

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_STAGE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")

#: Which version of a model: its number, a stage that points to it, the version itself; None is the newest.
Which = int | str | ModelVersion | None


def found(tables: Tables, name: str, which: Which) -> ModelVersion:
    """Find a version of a model.

    Raises
    ------
    BadValue
        If nothing can be asked for in this way.
    NotFound, VersionNotFound
        If there is no such model, stage or version.
    """
    known(tables, name)
    if isinstance(which, ModelVersion):
        if which.name != name:
            raise BadValue(f"a version of {name!r} is needed; got {which!r}.")
        which = which.number
    if isinstance(which, str):
        stages = tables.stages(name)
        if which not in stages:
            there = ", ".join(map(repr, stages)) or "none"
            raise NotFound(f"a stage must have been set; {name!r} has no {which!r}, its stages: {there}.")
        which = stages[which]
    if isinstance(which, bool) or not isinstance(which, int | None):
        raise BadValue(f"a version is asked for by its number or a stage; got {which!r}.")
    version = tables.newest(name) if which is None else tables.version(name, which)
    if version is None:
        numbers = ", ".join(str(version.number) for version in tables.versions(name)) or "none"
        asked = "version" if which is None else which
        raise VersionNotFound(f"a version must have been pushed; {name!r} has no {asked}, only: {numbers}.")
    return version


def known(tables: Tables, name: str) -> str:
    """Refuse a name that no model has.

    Raises
    ------
    NotFound
        Names those that are here.
    """
    models = tables.models()
    if name not in models:
        there = ", ".join(map(repr, models)) or "none"
        raise NotFound(f"a model must have been pushed; there is no {name!r}, only: {there}.")
    return name


def parent_of(parent: ModelVersion | int, name: str) -> tuple[str, Which]:
    """Say which version of which model is meant; a number alone is one of the model called `name`."""
    return (parent.name, parent.number) if isinstance(parent, ModelVersion) else (name, parent)


def checked_name(name: object) -> str:
    """Refuse what is no name of a model."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadValue(f"a model's name must be 1 to 64 letters, digits, _ or -; got {name!r}: pass name=.")
    return name


def checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Refuse tags that are no texts."""
    for key, value in tags.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise BadValue(f"tags must map texts to texts; got {key!r}: {value!r}.")
    return dict(tags)


def checked_stage(stage: object) -> str:
    """Refuse what is no name of a stage."""
    if not isinstance(stage, str) or not _STAGE.fullmatch(stage):
        raise BadValue(f"a stage's name must be 1 to 64 letters, digits, _ or -, a letter first; got {stage!r}.")
    return stage
