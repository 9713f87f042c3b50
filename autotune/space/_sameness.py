"""When two values are the same: the two rules of the package.

**The same configuration** (`value_key`): no model can tell the two apart. A numpy scalar is the
Python number that it holds, dicts and sets have no order, NaN is NaN, and a copy is the same as
its original. 1, 1.0 and True differ: ``max_features=1`` is one feature and 1.0 all of them.
In a list that contains a float, whose numbers are then all real, `Choice` treats 1 as 1.0.

**The same content** (`digest`): the two have the same pickle, in this process, in another
one or in a later run. This is the stricter rule: 0.0 differs from -0.0, a numpy scalar from a
number, and the order of a dict and of an array in memory counts. `describe` returns it as text,
for estimators by class and parameters.

Under both rules arrays, frames and sparse matrices are compared by content, classes by name,
and functions by code, defaults and closures.
"""

from __future__ import annotations

import hashlib
import math
import pickle
import sys
from collections.abc import Hashable, Iterable
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ._values import is_estimator

_ATOMS = frozenset({bool, int, str, bytes, type(None)})
_GLOBAL = np.random.mtrand._rand  # held by scipy's distributions; its state is ignored
_PICKLED = _ATOMS | {float, complex, list, tuple, dict}  # just as pickle writes them


class _Itself:
    """The key of a value of which nothing is known: equal only to its own."""

    __slots__ = ("value",)

    def __init__(self, value: Any):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def value_key(value: Any) -> Hashable:
    """Return what two values share exactly when they are the same configuration."""
    kind = type(value)
    if kind in _ATOMS:
        return kind, value
    try:
        return _key(value)
    except Exception:  # a cyclic list, a broken get_params: such a value is only itself
        return _Itself(value)


def _key(value: Any) -> Hashable:
    """Return the key of a value, item by item for containers."""
    kind = type(value)
    if kind in _ATOMS:
        return kind, value
    if kind is float:
        return kind, "nan" if math.isnan(value) else value
    if isinstance(value, np.generic) and not isinstance(value.item(), np.generic):
        return _key(value.item())
    if isinstance(value, list | tuple):
        return kind, tuple(map(_key, value))
    if isinstance(value, dict):
        return kind, frozenset((_key(name), _key(item)) for name, item in value.items())
    if isinstance(value, set | frozenset):
        return kind, frozenset(map(_key, value))
    if is_estimator(value):
        return kind, _key(_state(value))
    content = digest(value)
    return _Itself(value) if content is None else (kind, content)


def distinct(values: Iterable[Any]) -> list[Any]:
    """Return the values without repetitions, in their order."""
    return list({value_key(value): value for value in reversed(list(values))}.values())[::-1]


def describe(value: Any) -> str:
    """Return a text that two values share if their content is the same."""
    try:
        return _describe(value)
    except Exception:  # a list that contains itself, a broken get_params
        return _name(type(value))


def _describe(value: Any) -> str:
    """Return the text of a value, item by item for containers."""
    if isinstance(value, np.generic):
        value = value.item()
    kind = type(value)
    if kind in _ATOMS or kind is float:
        return repr(value)
    if kind is list:
        return "[" + ", ".join(map(_describe, value)) + "]"
    if kind is tuple:
        return "(" + ", ".join(map(_describe, value)) + (",)" if len(value) == 1 else ")")
    if kind is dict:
        return "{" + ", ".join(f"{_describe(k)}: {_describe(v)}" for k, v in value.items()) + "}"
    if kind in (set, frozenset):
        return f"{kind.__name__}([{', '.join(sorted(map(_describe, value)))}])"
    if is_estimator(value):
        arguments = (f"{name}={_describe(part)}" for name, part in sorted(_state(value).items()))
        return f"{_name(kind)}({', '.join(arguments)})"
    if isinstance(value, type):
        return _name(value)
    name = _name(value if isinstance(value, FunctionType) else kind)
    content = digest(value)
    return name if content is None else f"{name}#{content[:16]}"


def _state(estimator: Any) -> dict[str, Any]:
    """Return what makes an unfitted estimator, beside its class."""
    from ..compat import clone_state  # scikit-learn is not imported before an estimator is seen

    return clone_state(estimator)


def _name(thing: Any) -> str:
    """Return where a class or a function is found."""
    return f"{thing.__module__}.{thing.__qualname__}"


def digest(value: Any) -> str | None:
    """Return a digest of a value's content, None if pickle cannot write it."""
    sink = _Sink()
    try:
        _Pickler(sink).dump(value)
    except Exception:  # picklers raise whatever the objects' own code raises
        return None
    return sink.hash.hexdigest()


class _Sink:
    """A file that keeps only the digest of what is written to it."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=16)

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return memoryview(data).nbytes


class _Pickler(pickle.Pickler):
    """Writes values so that what is the same is written the same, in every process."""

    def __init__(self, sink: _Sink):
        super().__init__(sink, protocol=5)
        self.fast = True  # whether two parts are the same object or equal ones does not count

    def persistent_id(self, value: Any) -> Any:
        """Return what is written in place of a value, None for the value itself."""
        if type(value) in _PICKLED:
            return None
        if type(value) in (np.ndarray, np.memmap):
            return _array_content(value)
        if isinstance(value, set | frozenset):
            return type(value), sorted(_known(item) for item in value)
        if isinstance(value, type):
            return "class", value.__module__, value.__qualname__
        if isinstance(value, FunctionType):
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            return _name(value), value.__code__, value.__defaults__, value.__kwdefaults__, cells
        if isinstance(value, CodeType):
            return "code", value.co_code, value.co_names, value.co_consts
        if isinstance(value, ModuleType):
            return "module", value.__name__
        if value is _GLOBAL:
            return "the global generator"
        return _container_content(value)


def _known(value: Any) -> str:
    """Return the digest of a value that must have one."""
    content = digest(value)
    if content is None:
        raise TypeError(f"pickle cannot write a {type(value).__name__}")
    return content


def _array_content(array: np.ndarray) -> tuple:
    """Return what an array holds, and how."""
    if array.dtype.hasobject:
        return "array", array.shape, array.tolist()
    order: Any = "F" if array.flags.fnc else "C"
    numbers = array.ravel(order=order).view(np.uint8)
    return str(array.dtype), array.shape, order, hashlib.blake2b(numbers.data).digest()


def _container_content(value: Any) -> Any:
    """Return what a frame or a sparse matrix holds, None for all else.

    What they only note for themselves does not count: how a frame arranges its columns,
    whether a sparse matrix was found to be sorted.
    """
    if hasattr(type(value), "iloc") and hasattr(type(value), "columns"):
        columns = [part.array for _, part in value.items()]
        return type(value), value.index, value.columns, columns
    sparse = sys.modules.get("scipy.sparse")
    if sparse is not None and sparse.issparse(value):
        names = sorted(name for name, part in vars(value).items() if not isinstance(part, bool))
        return type(value), [(name, vars(value)[name]) for name in names]
    return None
