"""From encoded configurations to points between which a distance means something."""

from __future__ import annotations

import numpy as np

from ..space import Feature, Space

_ANGLE = np.pi / 3
_MOST_LEVELS = 128


class Embedding:
    """Geometry of a space's features."""

    def __init__(self, space: Space, inactive: str = "mid", levels: bool = False):
        self.features = space.features
        self.n_subspaces = len(space.subspaces)
        self.inactive = inactive
        self.active = np.array(
            [[i in f.subspaces for f in space.features] for i in range(self.n_subspaces)]
        ).reshape(self.n_subspaces, len(space.features))
        self.tables = [_table(space, f) for f in space.features]
        groups = []
        g = 0
        for j, f in enumerate(self.features):
            cols = self._n_columns(j, f)
            if levels and is_unordered(f):
                groups += list(range(g, g + cols))
                g += cols
            else:
                groups += [g] * cols
                g += 1
        self.groups = np.array(groups, dtype=int)

    def _n_columns(self, j: int, f: Feature) -> int:
        if is_unordered(f):
            return f.n
        return 2 if self.inactive == "arc" and not self.active[:, j].all() else 1

    def snap(self, U: np.ndarray) -> np.ndarray:
        """Move features with few values onto them, and blank those that are inactive."""
        U = U.copy()
        for j, table in enumerate(self.tables):
            if table is not None:
                cuts = (table[1:] + table[:-1]) / 2
                U[:, j] = table[np.searchsorted(cuts, U[:, j])]
        if self.n_subspaces > 1:
            which = np.minimum((U[:, 0] * self.n_subspaces).astype(int), self.n_subspaces - 1)
            U[~self.active[which]] = np.nan
        return U

    def __call__(self, U: np.ndarray) -> np.ndarray:
        columns = []
        for j, f in enumerate(self.features):
            u = U[:, j]
            off = np.isnan(u)
            if is_unordered(f):
                hot = np.floor(u[:, None] * f.n).clip(None, f.n - 1) == np.arange(f.n)
                columns.append(hot * np.sqrt(0.5))
                continue
            if f.kind == "choice":
                u = np.where(u > 0.5, 1.0, 0.0)
            if self.inactive == "arc" and not self.active[:, j].all():
                angle = _ANGLE * np.where(off, 0, u)
                point = np.column_stack([np.cos(angle), np.sin(angle)])
                columns.append(np.where(off[:, None], 0.0, point))
            else:
                columns.append(np.where(off, 0.5, u)[:, None])
        return np.hstack(columns)


def is_unordered(f: Feature) -> bool:
    return f.kind == "choice" and f.n > 2


def _table(space: Space, f: Feature) -> np.ndarray | None:
    if f.kind == "choice":
        return (np.arange(f.n) + 0.5) / f.n
    if f.kind == "int" and 0 < f.n <= _MOST_LEVELS:
        d = space.subspaces[f.subspaces[0]][f.name]
        return np.unique([d.encode(v) for v in d.grid(None)])
    return None
