"""Search spaces given as text."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from ._errors import CliError


def read_space(text: str) -> Any:
    """Return the space that a text, or a file with such a text, stands for.

    Its names and values are checked later, when the model is known.
    """
    where = "--space"
    if not text.lstrip().startswith(("{", "[")):
        where = f"--space {text}"
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not a text file"
            raise CliError(f"cannot read {where}: {reason}") from error
    try:
        space = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise CliError(f"{where} must be a dict as Python writes it: {error}") from error
    parts = space if isinstance(space, list) else [space]
    if not parts or not all(isinstance(part, dict) and part for part in parts):
        raise CliError(f"{where} must be a dict of parameters, or a list of dicts; got {space!r}")
    return space
