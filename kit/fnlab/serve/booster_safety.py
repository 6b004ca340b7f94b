"""What a booster's file declares, compared with what is there.

XGBoost and LightGBM trust their files: of a truncated one, the first asks for memory without end and the second reads
on behind the end. So the structure is checked here, before they see it.
"""

import struct
from collections.abc import Mapping

from fnlab.errors import DeployError

#: Bytes of a number, by UBJSON's mark of its type. Source: https://ubjson.org/type-reference/.
_NUMBERS: Mapping[int, str] = {ord(mark): code for mark, code in zip("iUIlLdD", "bBhiqfd", strict=True)}
_CONSTANTS = frozenset(b"ZNTF")
_TEXT, _CHARACTER, _HIGH = ord("S"), ord("C"), ord("H")
_TYPE, _COUNT = ord("$"), ord("#")

#: As deep as a booster's file is nested, and some more.
_DEEPEST = 100


def check_ubjson(name: str, data: bytes) -> None:
    """Refuse what is no whole UBJSON object: where a length says more than there is, or something follows it.

    Raises
    ------
    DeployError
        Says at which byte it goes wrong.
    """
    if data[:1] != b"{":
        raise DeployError(f"{name} must be a UBJSON object; it begins with {data[:4]!r}.")
    walk = _Walk(data)
    try:
        walk.value(0)
        if walk.at != len(data):
            raise ValueError("something follows the object")
    except (ValueError, IndexError, struct.error) as error:
        raise DeployError(
            f"{name} must be a whole UBJSON object of {len(data):,} bytes; at byte {walk.at:,}: {error}."
        ) from None


class _Walk:
    """Goes through a value without keeping it; `at` is how far it has come."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def value(self, depth: int, mark: int | None = None) -> None:
        if depth > _DEEPEST:
            raise ValueError(f"it is nested deeper than {_DEEPEST}")
        mark = self._byte() if mark is None else mark
        if mark in _CONSTANTS:
            return
        if mark in _NUMBERS:
            self._skip(struct.calcsize(_NUMBERS[mark]))
        elif mark == _CHARACTER:
            self._skip(1)
        elif mark in (_TEXT, _HIGH):
            self._skip(self._length())
        elif mark in b"[{":
            self._container(mark, depth)
        else:
            raise ValueError(f"there is no type {bytes([mark])!r}")

    def _container(self, opened: int, depth: int) -> None:
        kind = count = None
        if self._peek() == _TYPE:
            self.at += 1
            kind = self._byte()
        if self._peek() == _COUNT:
            self.at += 1
            count = self._length()
        elif kind is not None:
            raise ValueError("values of one type come without their number")
        keyed, closing = opened == ord("{"), ord("}") if opened == ord("{") else ord("]")
        if not keyed and kind is not None and kind in _NUMBERS and count is not None:
            self._skip(count * struct.calcsize(_NUMBERS[kind]))
            return
        while count is None or count > 0:
            if count is None and self._peek() == closing:
                self.at += 1
                return
            if keyed:
                self._skip(self._length())
            before = self.at
            self.value(depth + 1, kind)
            if self.at == before and not keyed:
                raise ValueError("values take no bytes")  # any number of them would be declared for free
            count = None if count is None else count - 1

    def _length(self) -> int:
        mark = self._byte()
        code = _NUMBERS.get(mark, "f")
        if code in "fd":
            raise ValueError("a length is no whole number")
        size = struct.calcsize(code)
        (length,) = struct.unpack(f">{code}", self._data[self.at : self.at + size])
        self.at += size
        if length < 0 or length > len(self._data) - self.at:
            raise ValueError(f"a length of {length:,} is declared where {len(self._data) - self.at:,} bytes are left")
        return int(length)

    def _peek(self) -> int:
        return self._data[self.at]

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _skip(self, size: int) -> None:
        if size > len(self._data) - self.at:
            raise ValueError(f"{size:,} bytes are declared where {len(self._data) - self.at:,} are left")
        self.at += size


_END = "end of trees"

#: Of a tree: which of its lists hold one value for each split.
_OF_SPLITS = ("split_feature", "threshold", "decision_type", "left_child", "right_child")


def check_lightgbm(name: str, data: bytes) -> None:
    """Refuse a text that is no whole LightGBM model, or whose trees point outside of themselves.

    Raises
    ------
    DeployError
        Names the tree.
    """
    try:
        text = data.decode()
        head, blank, trees = text.partition("\n\n")
        if not head.startswith("tree\n") or not blank:
            raise ValueError("it does not begin as one")
        if not text.endswith("\n"):
            raise ValueError("it ends in the middle of a line")
        settings = _settings(head)
        sizes = [int(size) for size in settings["tree_sizes"].split()]
        features = int(settings["max_feature_idx"]) + 1
        body = trees.encode()
        if min(sizes, default=1) < 1 or sum(sizes) > len(body):
            raise ValueError(f"its trees need {sum(sizes):,} bytes where {len(body):,} are left")
        for number, size in enumerate(sizes):
            _check_tree(body[:size].decode(), number, features)
            body = body[size:]
        if not body.startswith(_END.encode()):
            raise ValueError(f"{_END!r} does not follow its {len(sizes)} trees")
    except (ValueError, KeyError) as error:  # UnicodeDecodeError is a ValueError
        found = f"{error} is missing" if isinstance(error, KeyError) else error
        raise DeployError(
            f"{name} must be a whole LightGBM model; these {len(data):,} bytes are not: {found}."
        ) from None


def _settings(block: str) -> dict[str, str]:
    return {key: value for key, equals, value in (line.partition("=") for line in block.splitlines()) if equals}


def _check_tree(block: str, number: int, features: int) -> None:
    tree, which = _settings(block), f"tree {number}"
    if tree["Tree"] != str(number):
        raise ValueError(f"{which} is called {tree['Tree']}")
    if tree.get("is_linear", "0") != "0":
        raise ValueError(f"{which} has linear leaves, which are not checked and so not served")
    leaves = int(tree["num_leaves"])
    if leaves < 1 or len(tree["leaf_value"].split()) != leaves:
        raise ValueError(f"{which} has not as many values as its {leaves} leaves")
    if leaves == 1:
        return
    lists = {key: tree[key].split() for key in _OF_SPLITS}
    if {len(values) for values in lists.values()} != {leaves - 1}:
        raise ValueError(f"{which} has not as many splits as its {leaves} leaves need")
    for key in ("left_child", "right_child"):
        # A child is a later split, so that no path is endless, or a leaf, written as the complement of its number.
        for split, child in enumerate(map(int, lists[key])):
            if not (split < child < leaves - 1 or 0 <= ~child < leaves):
                raise ValueError(f"{which} points to {child} from split {split} of {leaves - 1}")
    if not all(0 <= int(feature) < features for feature in lists["split_feature"]):
        raise ValueError(f"{which} asks for a feature that rows of {features} do not have")
    _check_categories(tree, which, lists)


def _check_categories(tree: Mapping[str, str], which: str, lists: Mapping[str, list[str]]) -> None:
    """Check splits by category: each is a number of a span in a list of bits."""
    count = int(tree.get("num_cat", "0"))
    categorical = [
        float(at) for at, kind in zip(lists["threshold"], lists["decision_type"], strict=True) if int(kind) & 1
    ]
    if not count and not categorical:
        return
    bounds = [int(bound) for bound in tree["cat_boundaries"].split()]
    words = len(tree["cat_threshold"].split())
    if len(bounds) != count + 1 or bounds != sorted(bounds) or bounds[0] != 0 or bounds[-1] != words:
        raise ValueError(f"{which} has categories that are not where it says")
    if not all(at.is_integer() and 0 <= at < count for at in categorical):
        raise ValueError(f"{which} asks for categories that it does not have")
