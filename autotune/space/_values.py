"""Identity and text of arbitrary parameter values: arrays, estimators, functions, anything."""

from __future__ import annotations

import hashlib
import math
import pickle
from collections.abc import Hashable, Iterable
from typing import Any, TypeGuard

import numpy as np

from .._texts import ADDRESS, REPR_LENGTH

_ATOMS = frozenset({bool, int, str, bytes, type(None)})


class Same:
    """The identity of an object that has no other: equal only to itself."""

    __slots__ = ("value",)

    def __init__(self, value: Any):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def native(value: Any) -> Any:
    """Turn a numpy scalar into the Python object that it stands for."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.item()
    return value


def plain(value: Any) -> Any:
    """Return a value with Python's numbers for numpy's, in lists and tuples too."""
    if type(value) in (list, tuple):
        items = [plain(item) for item in value]
        changed = any(new is not old for new, old in zip(items, value, strict=True))
        return type(value)(items) if changed else value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.longdouble):
        return float(value)  # its item would be itself
    is_scalar = isinstance(value, np.number | np.bool_ | np.str_)
    return value.item() if is_scalar and not isinstance(value, np.timedelta64) else value


def is_endless(value: Any) -> bool:
    """Say whether a container holds itself, or is nested too deeply to be walked through."""
    try:
        return _holds_itself(value, ())
    except RecursionError:
        return True


def _holds_itself(value: Any, outer: tuple[int, ...]) -> bool:
    """Say whether a container holds itself or one of those that it lies in."""
    if type(value) not in (list, tuple, dict):
        return False
    if id(value) in outer:
        return True
    items = value.values() if isinstance(value, dict) else value
    return any(_holds_itself(item, (*outer, id(value))) for item in items)


def is_number(value: Any) -> TypeGuard[float]:
    """Say whether a value is a real number; a bool is none, nor is a duration."""
    kinds = int | float | np.integer | np.floating
    return isinstance(value, kinds) and not isinstance(value, bool | np.timedelta64)


def is_integer(value: Any) -> TypeGuard[int]:
    """Say whether a value has an integer type; a bool has none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64)


def numbers_of(value: Any) -> tuple[float, ...]:
    """Return a number, or those that a tuple or list consists of; else nothing."""
    items = value if isinstance(value, tuple | list) else (value,)
    if all(is_number(item) and item == item for item in items):
        return tuple(map(_to_float, items))
    return ()


def _to_float(number: float) -> float:
    """Return a number as a float, infinite if it is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number > 0 or -1)


def is_estimator(value: Any) -> bool:
    """Say whether a value is an object with ``get_params``."""
    return hasattr(value, "get_params") and not isinstance(value, type)


def value_key(value: Any) -> Hashable:
    """Return what two values share exactly when they mean the same parameter value.

    1, 1.0 and True differ, because estimators treat them differently; a numpy scalar is the
    Python number it holds; estimators are the same if type and parameters are.
    """
    kind = type(value)
    if kind in _ATOMS:
        return kind, value
    try:
        return _key(value)
    except Exception:  # a cyclic list, a broken get_params: such a value is only itself
        return Same(value)


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
    if isinstance(value, np.ndarray):
        content = _key(value.tolist()) if value.dtype.hasobject else value.tobytes()
        return kind, value.dtype.str, value.shape, content
    if is_estimator(value):
        return kind, _key(value.get_params(deep=False))
    return _object_key(value)


def _object_key(value: Any) -> Hashable:
    """Return the key of an object of unknown kind: its pickle, so that copies are equal."""
    try:
        return type(value), pickle.dumps(value)
    except Exception:  # lambdas, open files, locks: whatever cannot be copied is only itself
        return Same(value)


def distinct(values: Iterable[Any]) -> list[Any]:
    """Return the values without repetitions, in their order."""
    return list({value_key(value): value for value in reversed(list(values))}.values())[::-1]


def describe(value: Any) -> str:
    """Return a text of a value that is the same in every process."""
    try:
        return _describe(value)
    except Exception:  # a list that contains itself, an object that cannot be shown
        return _type_name(type(value))


def _describe(value: Any) -> str:
    """Return the text of a value, item by item for containers."""
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in _ATOMS or type(value) is float:
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_describe, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_describe, value)) + (",)" if len(value) == 1 else ")")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_describe(k)}: {_describe(v)}" for k, v in value.items()) + "}"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(_describe, value))) + "}"
    if isinstance(value, np.ndarray):
        content = _describe(value.tolist()).encode() if value.dtype.hasobject else value.tobytes()
        return f"array({value.dtype.str}, {value.shape}, {_digest(content)})"
    if is_estimator(value):
        return _type_name(type(value)) + _describe_state(value.get_params(deep=False))
    if isinstance(value, type):
        return _type_name(value)
    if hasattr(value, "__code__"):
        return f"{_type_name(value)}#{_digest(_code_text(value.__code__).encode())}"
    if type(value).__repr__ is object.__repr__:
        text = _type_name(type(value)) + _describe_state(getattr(value, "__dict__", {}))
        if len(text) <= REPR_LENGTH:
            return text
        return f"{text[:REPR_LENGTH]}...#{_digest(text.encode())}"
    try:
        return ADDRESS.sub("", repr(value))
    except Exception:  # of a user's class
        return _type_name(type(value))


def _describe_state(state: dict[str, Any]) -> str:
    """Return parameters or attributes as the arguments of a call."""
    return "(" + ", ".join(f"{name}={_describe(state[name])}" for name in sorted(state)) + ")"


def _code_text(code: Any) -> str:
    """Return what tells two functions of one name apart: their instructions and constants."""
    constants = [_code_text(c) if hasattr(c, "co_code") else _describe(c) for c in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {constants}"


def _digest(content: bytes) -> str:
    """Return a short digest of some bytes."""
    return hashlib.sha256(content).hexdigest()[:16]


def _type_name(thing: Any) -> str:
    """Return where a class or a function is found."""
    return f"{thing.__module__}.{thing.__qualname__}"
