"""A model as Python code."""

from __future__ import annotations

import inspect
import math
import sys
from typing import Any

import numpy as np

_PLAIN = (bool, int, str, bytes, type(None))
_MOST_NUMBERS = 1000  # of an array
_WIDTH = 88


class _Inexpressible(Exception):
    """A value cannot be written as code."""


def code_of(model: Any, fit: str = "model.fit(X, y)") -> str | None:
    """Return Python code that creates a model with the same parameters and fits it.

    Parameters
    ----------
    model : estimator
        Fitted or not.
    fit : str
        The last line.

    Returns
    -------
    code : str or None
        None if the value of a parameter cannot be written as code, such as an open file.
    """
    writer = _Writer()
    try:
        text = writer.write(model, 0)
    except _Inexpressible:
        return None
    imports = sorted(writer.imports)
    return "\n".join([*imports, *([""] if imports else []), f"model = {text}", fit])


class _Writer:
    """Writes values, and notes what has to be imported for them."""

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self._owners: dict[str, Any] = {}

    def write(self, value: Any, indent: int) -> str:
        """Return the code of a value."""
        if type(value) in _PLAIN:
            return repr(value)
        if isinstance(value, np.generic) and not isinstance(value, np.void):
            return self.write(value.item(), indent)
        if type(value) is float:
            return repr(value) if math.isfinite(value) else f'float("{value}")'
        if type(value) in (tuple, list, set, frozenset):
            return self._write_items(value, indent)
        if type(value) is dict:
            pairs = (
                f"{self.write(k, indent + 4)}: {self.write(v, indent + 4)}"
                for k, v in value.items()
            )
            return _lay_out("{", list(pairs), "}", indent)
        if isinstance(value, np.ndarray) and value.dtype != object and value.size < _MOST_NUMBERS:
            self.imports.add("import numpy as np")
            return f"np.array({self.write(value.tolist(), indent)}, dtype={str(value.dtype)!r})"
        if isinstance(value, slice):
            parts = (value.start, value.stop, value.step)
            return f"slice({', '.join(self.write(part, indent) for part in parts)})"
        if hasattr(value, "get_params") and not isinstance(value, type):
            return self._write_estimator(value, indent)
        return self._name(value)

    def _write_items(self, values: Any, indent: int) -> str:
        """Return the code of a collection."""
        items = [self.write(value, indent + 4) for value in values]
        if isinstance(values, frozenset):
            return f"frozenset({_lay_out('[', items, ']', indent)})"
        if isinstance(values, set):
            return _lay_out("{", items, "}", indent) if items else "set()"
        if isinstance(values, list):
            return _lay_out("[", items, "]", indent)
        return f"({items[0]},)" if len(items) == 1 else _lay_out("(", items, ")", indent)

    def _write_estimator(self, estimator: Any, indent: int) -> str:
        """Return the call that makes an estimator, with the parameters that are not as usual."""
        name = self._name(type(estimator))
        usual = _usual_values(type(estimator))
        items = []
        for key, value in estimator.get_params(deep=False).items():
            if key in usual and _is_same(value, usual[key]):
                continue
            if not key.isidentifier():
                raise _Inexpressible
            items.append(f"{key}={self.write(value, indent + 4)}")
        return _lay_out(f"{name}(", items, ")", indent)

    def _name(self, value: Any) -> str:
        """Return the name of a class or function, which is imported."""
        name, module = getattr(value, "__qualname__", None), getattr(value, "__module__", None)
        if name is None or module is None or not name.isidentifier():
            raise _Inexpressible
        module = _public_module(value, name, module)
        if self._owners.setdefault(name, value) is not value:  # two classes of one name
            raise _Inexpressible
        if module != "builtins":
            self.imports.add(f"from {module} import {name}")
        return str(name)


def _public_module(value: Any, name: str, module: str) -> str:
    """Return the module from which users import a class or function."""
    parts = module.split(".")
    candidates = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
    for candidate in candidates:
        if getattr(sys.modules.get(candidate), name, None) is value:
            return candidate
    raise _Inexpressible  # made inside a function, or by a module that is not imported


def _usual_values(cls: type) -> dict[str, Any]:
    """Return the defaults of a class's parameters, also of those that it hands to its bases."""
    usual: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if inspect.isfunction(vars(base).get("__init__")):
            parameters = inspect.signature(vars(base)["__init__"]).parameters
            usual.update({name: parameter.default for name, parameter in parameters.items()})
    return usual


def _is_same(value: Any, usual: Any) -> bool:
    """Return whether a parameter has its usual value."""
    if value is usual:
        return True
    if type(value) is not type(usual) or type(value) not in (*_PLAIN, float, tuple):
        return False
    return bool(value == usual) or (value != value and usual != usual)


def _lay_out(start: str, items: list[str], end: str, indent: int) -> str:
    """Return items in one line, or in one each where they are long."""
    line = f"{start}{', '.join(items)}{end}"
    if "\n" not in line and indent + len(line) <= _WIDTH:
        return line
    inner = "".join(f"{' ' * (indent + 4)}{item},\n" for item in items)
    return f"{start}\n{inner}{' ' * indent}{end}"
