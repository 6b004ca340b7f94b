"""What Paddle's files may hold: a program without operators that reach outside, and tensors that fill their file."""

import json
import struct
from collections.abc import Iterator
from math import prod
from typing import Any

from fnlab.errors import DeployError, UntrustedType
from fnlab.serve.protobuf import fields

#: The operator that stands for a parameter.
_PARAMETER = "p"

#: Parts of the names of operators that read or write files, print, or call back into Python.
_OUTSIDE = ("load", "save", "py_func", "read_file", "print", "custom", "run_program", "py_layer", "send", "recv")

#: Bytes of a number, by Paddle's number of its type. Source: VarType.Type in paddle/fluid/framework/framework.proto.
_DTYPE_BYTES = {0: 1, 1: 2, 2: 4, 3: 8, 4: 2, 5: 4, 6: 8, 20: 1, 21: 1, 22: 2}

#: As deep as programs are nested, and far from Python's own limit.
_DEEPEST = 200


def check_program(name: str, data: bytes) -> int:
    """Refuse what is no program, and one with an operator that reaches outside.

    Returns
    -------
    int
        How many parameters it has.

    Raises
    ------
    UntrustedType
        Names the operator.
    DeployError
        If it is no program of Paddle 3.
    """
    try:
        program = json.loads(data)
        if program["base_code"]["magic"] != "pir":
            raise ValueError("it is of another kind")
        operators = list(_operators(program["program"], 0))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DeployError(
            f"{name} must be a program of Paddle 3; these {len(data):,} bytes are not: {error}."
        ) from None
    for operator in sorted(set(operators)):
        if any(part in operator for part in _OUTSIDE):
            raise UntrustedType(f"{name} must compute and nothing else; it holds the operator {operator!r}.")
    return operators.count(_PARAMETER)


def _operators(node: Any, depth: int) -> Iterator[str]:
    """Give the names of a program's operators: objects with inputs or outputs are such."""
    if depth > _DEEPEST:
        raise ValueError(f"it is nested deeper than {_DEEPEST}")
    if isinstance(node, list):
        for part in node:
            yield from _operators(part, depth + 1)
    elif isinstance(node, dict):
        if "#" in node and ("O" in node or "I" in node):
            yield str(node["#"])
        for part in node.values():
            yield from _operators(part, depth + 1)


def check_parameters(name: str, data: bytes, *, expected: int) -> None:
    """Refuse a file of other than so many tensors, and one that declares other than it holds.

    The format, for each tensor: a version (4 bytes, 0); the number of levels (8 bytes, 0 here); a version (4 bytes, 0);
    the length of a message (4 bytes) and the message, with the type and the dimensions; the numbers.
    Source: SerializeToStream in paddle/phi/core/framework/dense_tensor_serialize.cc and dense_tensor_tostream.cc.

    Raises
    ------
    DeployError
        Says at which byte it goes wrong.
    """
    at = found = 0
    try:
        while at < len(data):
            version, levels, inner, length = struct.unpack_from("<IQIi", data, at)
            if version or levels or inner or not 0 < length <= len(data) - at - struct.calcsize("<IQIi"):
                raise ValueError("no tensor begins there")
            at += struct.calcsize("<IQIi")
            dtype, shape = _described(memoryview(data)[at : at + length])
            at += length
            needed = prod(shape) * _DTYPE_BYTES[dtype]
            if needed > len(data) - at:
                raise ValueError(f"a tensor needs {needed:,} bytes where {len(data) - at:,} are left")
            at += needed
            found += 1
    except (ValueError, KeyError, struct.error) as error:
        why = f"there is no type {error}" if isinstance(error, KeyError) else error
        raise DeployError(f"{name} must hold tensors of Paddle and nothing else; at byte {at:,}: {why}.") from None
    if found != expected:
        raise DeployError(f"{name} must hold the {expected} parameters of its program; it holds {found}.")


def _described(message: memoryview) -> tuple[int, tuple[int, ...]]:
    """Read a tensor's type and dimensions; these are numbers one by one, or packed together."""
    dtype, shape = -1, []
    for number, value in fields(message):
        if number == 1 and isinstance(value, int):
            dtype = value
        elif number == 2 and isinstance(value, int):
            shape.append(value)
        else:
            raise ValueError("a tensor is described by more than its type and its dimensions")
    return dtype, tuple(shape)
