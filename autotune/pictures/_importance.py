"""The importance of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.metrics import r2_score
from sklearn.tree import DecisionTreeRegressor

from ..space import Space
from ._canvas import Canvas
from ._contract import Picture
from ._fanova import leaves, shares_of_variance
from ._scales import short_names, wrap
from ._search import Search

_N_TREES = 64
_N_ROWS, _MOST_COPIES = 800, 10  # by which the copies of a configuration are limited
_FEWEST = 4  # scores that a forest can learn anything from
_LEAST_JOINT = 0.005  # a smaller share of a pair is not worth a bar
_MOST_JOINED = 12  # variables whose pairs are looked at


@dataclass(frozen=True)
class ImportancePicture(Picture):
    """The share of the score's variance over the space that parameters and pairs explain.

    Attributes
    ----------
    names : tuple of tuple of str
        One or two parameters each, the largest share first.
    shares : ndarray of shape (n_names,)
        Between 0 and 1.
    quality : float
        The forest's R² out of bag: near 1 the shares can be trusted, near 0 they cannot.
    n_trials : int
        How many scores it learned from.
    """

    names: tuple[tuple[str, ...], ...]
    shares: np.ndarray
    quality: float
    n_trials: int

    options = ("metric", "top")

    @classmethod
    def of(cls, search: Search, top: int | None = None) -> ImportancePicture:
        units, scores = _training_data(search)
        trees, quality = _grow(units, scores)
        shares = _by_name(trees, search.space)
        visible = [names for names in shares if len(names) == 1 or shares[names] >= _LEAST_JOINT]
        ranked = sorted(visible, key=lambda names: -shares[names])[: 10 if top is None else top]
        values = np.array([shares[names] for names in ranked])
        return cls(tuple(ranked), values, quality, len(scores))

    @property
    def size(self) -> tuple[float, float]:
        return 6.4, 1.3 + 0.36 * len(self.names)

    def draw(self, canvas: Canvas) -> None:
        ax, colours = canvas.grid()[0, 0], canvas.colours
        places, single = np.arange(len(self.names)), np.array([len(n) == 1 for n in self.names])
        for which, colour, text in (
            (single, colours.trial, "alone"),
            (~single, colours.best, "together, beyond each alone"),
        ):
            if which.any():
                bars = places[which], self.shares[which]
                ax.barh(*bars, height=0.62, color=colour, label=text)
        for place, share in zip(places, self.shares, strict=True):
            text = f"{share:.0%}" if share >= 0.01 or share == 0 else "< 1%"
            ax.annotate(text, (share, place), (4, 0), textcoords="offset points", va="center")
        ax.set_yticks(places, self._texts())
        ax.tick_params(axis="y", length=0)
        ax.invert_yaxis()
        ax.set_xlim(0, 1.15 * self.shares.max() or 1.0)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        ax.set_xlabel(
            "share of the score's variance over the space\n"
            f"(forest on {self.n_trials} trials, R² out of bag {self.quality:.2f}){self._doubt}"
        )
        canvas.rule(ax, "x")
        canvas.key(columns=2)

    def _texts(self) -> list[str]:
        """Return what the bars are called."""
        labels = short_names([name for names in self.names for name in names])
        times = "\N{MULTIPLICATION SIGN}"
        texts = []
        for names in self.names:
            parts = [wrap(labels[name], 34, 2) for name in names]
            narrow = sum(map(len, parts)) <= 34
            texts.append((f" {times} " if narrow else f" {times}\n").join(parts))
        return texts

    @property
    def _doubt(self) -> str:
        """What is added where the forest has learned little."""
        return "" if self.quality >= 0.3 else "\na rough guide only: scores are hardly predictable"


def _training_data(search: Search) -> tuple[np.ndarray, np.ndarray]:
    """Return encoded configurations of the space, with NaN for what they lack, and their scores.

    Bad scores far from the others are moved to the limit of what is shown.
    """
    trials, space = search.trials(), search.space
    known = np.isfinite(trials.shown)
    used = [t.number for t in search.history if known[t.number] and t.params in space]
    if len(used) < _FEWEST:
        raise ValueError(f"importance needs {_FEWEST} trials with a score; got {len(used)}")
    if not space.features:
        raise ValueError("there is no parameter to show: the space has a single configuration")
    units = np.array([space.encode(search.history[number].params) for number in used])
    return units, np.clip(trials.shown, *trials.limits())[used]


def _grow(units: np.ndarray, scores: np.ndarray) -> tuple[list[DecisionTreeRegressor], float]:
    """Return the trees of a random forest, and its R² out of bag.

    What a configuration lacks has no effect. Trees see that because they are shown it several
    times, each time with other values in the place of what it lacks.
    """
    n, rng = len(scores), np.random.RandomState(0)
    n_copies = int(np.clip(_N_ROWS // n, 1, _MOST_COPIES)) if np.isnan(units).any() else 1
    trees, votes, counts = [], np.zeros(n), np.zeros(n)
    for _ in range(_N_TREES):
        drawn = rng.randint(n, size=n)
        rows = np.repeat(drawn, n_copies)
        tree = DecisionTreeRegressor(min_samples_leaf=2 * n_copies, random_state=rng)
        trees.append(tree.fit(_filled(units[rows], rng), scores[rows]))
        out = np.setdiff1d(np.arange(n), drawn)
        if len(out):
            votes[out] += tree.predict(_filled(units[out], rng))
            counts[out] += 1
    seen = counts > 0
    spread = np.ptp(scores[seen]) if seen.any() else 0.0
    return trees, float(r2_score(scores[seen], votes[seen] / counts[seen])) if spread else 0.0


def _filled(units: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Return encoded configurations with any values in the place of what they lack."""
    return np.where(np.isnan(units), rng.uniform(size=units.shape), units)


def _feature_names(space: Space) -> list[str]:
    """Return which parameter each feature is about.

    The index of the sub-space is about the parameter that tells the sub-spaces apart: the one
    with the most ranges of a single value among those whose ranges differ.
    """
    counts = {name: _n_constant(space, name) for name in space.names}
    index = max(counts, key=lambda name: counts[name], default="") if any(counts.values()) else ""
    index = index or "sub-space"
    return [feature.name or index for feature in space.features]


def _n_constant(space: Space, name: str) -> int:
    """Return in how many sub-spaces a parameter has one value, if not in all the same."""
    dimensions = [subspace.get(name) for subspace in space.subspaces]
    if len({repr(dimension) for dimension in dimensions}) == 1:
        return 0
    return sum(dimension is not None and dimension.constant for dimension in dimensions)


def _by_name(trees: list[DecisionTreeRegressor], space: Space) -> dict[tuple[str, ...], float]:
    """Return the shares of parameters and pairs; those of features with one name add up.

    Features that no sub-space has both of cannot act together.
    """
    features, names = space.features, _feature_names(space)
    boxes = [leaves(tree, len(features)) for tree in trees]
    single, _ = shares_of_variance(boxes, [])
    leading = sorted(np.argsort(-single, kind="stable")[:_MOST_JOINED].tolist())
    pairs = [
        (i, j)
        for i, j in combinations(leading, 2)
        if set(features[i].subspaces) & set(features[j].subspaces)
    ]
    _, joint = shares_of_variance(boxes, pairs)
    shares: dict[tuple[str, ...], float] = {}
    found = zip([*((i,) for i in range(len(names))), *pairs], [*single, *joint], strict=True)
    for members, share in found:
        key = tuple(sorted({names[i] for i in members}))
        shares[key] = shares.get(key, 0.0) + float(share)
    return shares
