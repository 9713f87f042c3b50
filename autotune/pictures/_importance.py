"""Which parameters matter."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.ensemble import RandomForestRegressor

from ..space import Space
from ._canvas import Canvas
from ._contract import Picture
from ._fanova import leaves, shares_of_variance
from ._scales import short_names, wrap
from ._search import Search, Trials

_N_TREES = 64
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
        trials = search.trials()
        inside = np.array([trial.params in search.space for trial in search.history], dtype=bool)
        used = inside & np.isfinite(trials.shown)
        if used.sum() < _FEWEST:
            raise ValueError(
                f"importance needs {_FEWEST} trials with a score; got {int(used.sum())}"
            )
        params = [t.params for t, use in zip(search.history, used, strict=True) if use]
        units = _filled(np.array([search.space.encode(values) for values in params]))
        if not units.shape[1]:
            raise ValueError("there is no parameter to show: the space has a single configuration")
        scores = _without_outliers(trials)[used]
        forest = RandomForestRegressor(_N_TREES, min_samples_leaf=2, oob_score=True, random_state=0)
        forest.fit(units, scores)
        shares = _by_name(forest, search.space)
        visible = [names for names in shares if len(names) == 1 or shares[names] >= _LEAST_JOINT]
        ranked = sorted(visible, key=lambda names: -shares[names])[: 10 if top is None else top]
        quality = float(forest.oob_score_) if np.ptp(scores) > 0 else 0.0
        values = np.array([shares[names] for names in ranked])
        return cls(tuple(ranked), values, quality, int(used.sum()))

    @property
    def size(self) -> tuple[float, float]:
        return 6.4, 1.3 + 0.36 * len(self.names)

    def draw(self, canvas: Canvas) -> None:
        ax, colours = canvas.grid()[0, 0], canvas.colours
        labels = short_names([name for names in self.names for name in names])
        places = np.arange(len(self.names))
        for members, colour, text in (
            (1, colours.trial, "alone"),
            (2, colours.best, "together, beyond each alone"),
        ):
            of_kind = np.array([len(names) == members for names in self.names])
            if of_kind.any():
                bars = (places[of_kind], self.shares[of_kind])
                ax.barh(*bars, height=0.62, color=colour, label=text)
        for place, share in zip(places, self.shares, strict=True):
            text = f"{share:.0%}" if share >= 0.01 or share == 0 else "< 1%"
            ax.annotate(text, (share, place), (4, 0), textcoords="offset points", va="center")
        times = " \N{MULTIPLICATION SIGN} "
        texts = [wrap(times.join(labels[name] for name in names), 34, 2) for names in self.names]
        ax.set_yticks(places, texts)
        ax.invert_yaxis()
        ax.set_xlim(0, 1.15 * self.shares.max() or 1.0)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        ax.set_xlabel(
            "share of the score's variance over the space\n"
            f"(forest on {self.n_trials} trials, R² out of bag {self.quality:.2f}{self._doubt})"
        )
        canvas.rule(ax, "x")
        ax.tick_params(axis="y", length=0)
        canvas.key(columns=2)

    @property
    def _doubt(self) -> str:
        """What is added where the forest has learned little."""
        return "" if self.quality >= 0.3 else ", so a rough guide only"


def _filled(units: np.ndarray) -> np.ndarray:
    """Return encoded configurations with anything in the place of what they lack.

    What a configuration lacks has no effect; a forest sees that where it has all values.
    """
    drawn = np.random.RandomState(0).uniform(size=units.shape)
    return np.where(np.isnan(units), drawn, units)


def _without_outliers(trials: Trials) -> np.ndarray:
    """Return scores, bad ones far from the others moved to the limit of what is shown."""
    low, high = trials.limits()
    return np.clip(trials.shown, low, high)


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


def _by_name(forest: RandomForestRegressor, space: Space) -> dict[tuple[str, ...], float]:
    """Return the shares of parameters and pairs; those of features with one name add up.

    Features that no sub-space has both of cannot act together.
    """
    features, names = space.features, _feature_names(space)
    boxes = [leaves(tree, len(features)) for tree in forest.estimators_]
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
