"""Nested cross-validation: inner and outer scores, and the chosen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._texts import model_name, short_repr
from ..compat import import_pandas
from ..space import is_estimator
from ._canvas import Canvas
from ._contract import Picture
from ._scales import CHOICE, scales_of, short_names, value_text, wrap
from ._search import Search, read_search, robust_limits

_MOST_PARAMETERS = 12


@dataclass(frozen=True)
class Choice:
    """The values of one parameter chosen in the outer folds.

    Attributes
    ----------
    name : str
        The parameter.
    values : tuple of str
        The value in each outer fold, shortened; "not used" if the winner lacks it.
    places : ndarray of shape (n_folds,)
        The positions on the parameter's axis, from 0 to 1; NaN if it is not used.
    agreement : float
        The share of folds with the most common value.
    spread : float
        The distance between the lowest and the highest number as a share of the axis; NaN
        without numbers.
    """

    name: str
    values: tuple[str, ...]
    places: np.ndarray
    agreement: float
    spread: float


@dataclass(frozen=True)
class NestedPicture(Picture):
    """The winner of each outer fold: its inner and outer score, and its parameters.

    Attributes
    ----------
    inner, expected, outer, default : ndarray of shape (n_folds,)
        The winner's mean score over the inner folds, its expected score on new data, its score
        on the outer fold, and the default's mean score over the inner folds.
    params : tuple of dict
        The winners' parameters.
    choices : tuple of Choice
        The same by parameter, the least stable first.
    label : str
        The label of the values.
    sign : {1, -1}
        -1 if lower is better.
    final_models : tuple of str
        The class of each fold's final model, and of the others that it averages.
    """

    inner: np.ndarray
    expected: np.ndarray
    outer: np.ndarray
    default: np.ndarray
    params: tuple[dict[str, Any], ...]
    choices: tuple[Choice, ...]
    label: str
    sign: int
    final_models: tuple[str, ...]

    options = ("metric",)

    @classmethod
    def of(cls, cv_results: Any, metric: str | None = None) -> NestedPicture:
        searches = [read_search(est, metric) for est in _estimators(cv_results)]
        if any(search.winner is None for search in searches):
            raise ValueError("cv_results must have estimators whose refit decides on a winner")
        first = searches[0]
        winners = [search.history[search.winner] for search in searches]  # type: ignore[index]
        inner = [s.history.score(w, s.metric) for s, w in zip(searches, winners, strict=True)]
        defaults = [search.default for search in searches]
        scores = [
            np.nan if default is None else search.history.score(default, search.metric)
            for search, default in zip(searches, defaults, strict=True)
        ]
        return cls(
            first.values(inner),
            first.values([search.expected[0] for search in searches]),
            first.values(_outer_scores(cv_results, first.metric)),
            first.values(scores),
            tuple(dict(winner.params) for winner in winners),
            _choices(searches),
            first.label,
            first.meaning.sign,
            tuple(map(_final_model, searches)),
        )

    @property
    def optimism(self) -> np.ndarray:
        """By how much the inner value is better than the outer one."""
        return self.sign * (self.inner - self.outer)

    @property
    def size(self) -> tuple[float, float]:
        n_rows = min(len(self.choices), _MOST_PARAMETERS)
        return 6.2 + 0.95 * len(self.inner), max(3.4, 1.6 + 0.36 * n_rows)

    def draw(self, canvas: Canvas) -> None:
        ratios = [4.2, 1.6 + 0.95 * len(self.inner)]
        left, right = canvas.grid(1, 2, width_ratios=ratios)[0]
        self._draw_scores(canvas, left)
        self._draw_choices(canvas, right)

    def _draw_scores(self, canvas: Canvas, ax: Any) -> None:
        """Draw a line from the inner to the outer value of each fold."""
        colours, folds = canvas.colours, np.arange(len(self.inner))
        ax.vlines(folds, self.inner, self.outer, color=colours.muted, linewidth=1.2, zorder=1)
        hollow = {"facecolors": colours.background, "edgecolors": colours.trial, "linewidths": 1.6}
        ax.scatter(folds, self.inner, 46, label="best inner score", **hollow)
        if np.isfinite(self.default).any():
            style = {"color": colours.text, "marker": "_", "linewidths": 1.6}
            ax.scatter(folds, self.default, 110, label="default, inner", **style)
        ax.scatter(folds, self.outer, 46, color=colours.best, label="outer score", zorder=3)
        for values, colour in ((self.inner, colours.trial), (self.outer, colours.best)):
            ax.axhline(np.nanmean(values), color=colour, linewidth=1.0, linestyle=":")
        shown = np.concatenate([self.inner, self.outer])
        ax.set_ylim(robust_limits(shown, self.sign, [*self.default, *self.outer]))
        ax.set_xticks(folds, [str(fold) for fold in folds])
        ax.set_xlim(-0.5, len(folds) - 0.5)
        optimism = f"mean optimism {value_text(float(np.nanmean(self.optimism)))}"
        ax.set(xlabel=f"outer fold\n({optimism})", ylabel=self.label.replace(" (", "\n("))
        canvas.rule(ax)
        canvas.key(columns=3)

    def _draw_choices(self, canvas: Canvas, ax: Any) -> None:
        """Draw a table of the chosen values, shaded by where they lie on their axes."""
        shown = self.choices[:_MOST_PARAMETERS]
        labels = short_names([choice.name for choice in shown])
        shades = np.array([choice.places for choice in shown]).reshape(len(shown), -1)
        colours = canvas.colours
        ax.imshow(np.ma.masked_invalid(shades), colours.range, aspect="auto", vmin=0, vmax=1)
        for row, choice in enumerate(shown):
            for column, text in enumerate(choice.values):
                ax.text(column, row, wrap(text, 11, 2), ha="center", va="center", fontsize="small")
        ax.set_yticks(range(len(shown)), [wrap(labels[choice.name], 24) for choice in shown])
        ax.set_xticks(range(len(self.inner)), [str(fold) for fold in range(len(self.inner))])
        ax.set_xticks(np.arange(len(self.inner) - 1) + 0.5, minor=True)
        ax.set_yticks(np.arange(len(shown) - 1) + 0.5, minor=True)
        ax.grid(which="minor", color=colours.background, linewidth=2)
        ax.tick_params(which="both", length=0)
        ax.spines[:].set_visible(False)
        more = len(self.choices) - len(shown)
        left_out = f"; {more} more are stable" if more else ""
        ax.set_xlabel(f"outer fold\n(chosen values, shaded by where on the range{left_out})")


@dataclass(frozen=True)
class NestedReport:
    """The results of nested cross-validation; created by :func:`~autotune.nested_report`.

    Attributes
    ----------
    folds : pandas.DataFrame
        One row per outer fold: ``final_model`` (its class or, of an average, those of its
        members with their weights), ``inner_score`` (of the winner, the best member of an
        average), ``expected_score`` and ``outer_score`` (of the final model), ``optimism`` (the
        advantage of the inner score over the outer one), ``default_score`` (of the model's own
        parameters, on the inner folds), and one ``param_<name>`` per parameter of the winner,
        models by their class.
    parameters : pandas.DataFrame
        One row per parameter, the least stable first: ``agreement``, the share of outer folds
        with the most common value; ``spread``, the distance between the lowest and the highest
        number as a share of the searched range, NaN without numbers.
    """

    folds: Any
    parameters: Any


def nested_report(cv_results: Any, *, metric: str | None = None) -> NestedReport:
    """Report the chosen parameters and the scores of each outer fold of nested cross-validation.

    Parameters
    ----------
    cv_results : dict
        The result of ``cross_validate(..., return_estimator=True)`` for an
        :class:`AutoTunedClassifier` or :class:`AutoTunedRegressor`, or for a Pipeline that ends
        with one.
    metric : str or None, default=None
        The metric to show if there are several; None: the deciding one of the inner search.

    Returns
    -------
    report : NestedReport
        With the frames ``folds`` and ``parameters``. Losses have no negative sign.

    Raises
    ------
    ValueError
        If the estimators are missing or are not searches, or the metric is unknown.

    See Also
    --------
    TuningDisplay.from_cv_results : The same as a picture.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn.svm import SVC
    >>> from autotune import AutoTunedClassifier, nested_report
    >>> model = AutoTunedClassifier(SVC(), {"C": [1, 10]}, strategy="grid", cv=3)
    >>> results = cross_validate(
    ...     model, *load_iris(return_X_y=True), cv=3, return_estimator=True
    ... )
    >>> report = nested_report(results)
    >>> report.folds.columns.tolist()
    ['final_model', 'inner_score', 'expected_score', 'outer_score', 'optimism', 'default_score',
     'param_C']
    >>> report.folds["final_model"].tolist()
    ['SVC', 'SVC', 'SVC']
    """
    pd = import_pandas("nested_report")
    nested = NestedPicture.of(cv_results, metric)
    folds = pd.DataFrame(
        {
            "final_model": nested.final_models,
            "inner_score": nested.inner,
            "expected_score": nested.expected,
            "outer_score": nested.outer,
            "optimism": nested.optimism,
            "default_score": nested.default,
        }
    )
    names = list(dict.fromkeys(name for params in nested.params for name in params))
    for name in names:
        values = [_readable(params.get(name)) for params in nested.params]
        folds[f"param_{name}"] = pd.Series(values, dtype=object)
    folds.index.name = "outer_fold"
    parameters = pd.DataFrame(
        [(choice.name, choice.agreement, choice.spread) for choice in nested.choices],
        columns=["parameter", "agreement", "spread"],
    )
    return NestedReport(folds, parameters.set_index("parameter"))


def _estimators(cv_results: Any) -> list[Any]:
    """Return the estimators of the outer folds."""
    estimators = cv_results.get("estimator") if isinstance(cv_results, Mapping) else None
    if not estimators:
        raise ValueError(
            "cv_results must be what cross_validate(..., return_estimator=True) returned; got "
            f"{short_repr(cv_results)}"
        )
    return list(estimators)


def _outer_scores(cv_results: Mapping[str, Any], metric: str) -> Any:
    """Return the scores on the outer folds: those of a metric, or the only ones."""
    if f"test_{metric}" in cv_results:
        return cv_results[f"test_{metric}"]
    names = [name for name in cv_results if name.startswith("test_")]
    if len(names) != 1:
        raise ValueError(f"cv_results must have the scores of {metric!r}; got {names}")
    return cv_results[names[0]]


def _final_model(search: Search) -> str:
    """Return the class of the final model, or those of what it averages with their weights."""
    assert search.winner is not None  # it was checked
    weights = search.weights or {search.winner: 1.0}
    shares: dict[str, float] = {}
    for number, weight in weights.items():
        name = search.model_of(search.history[number])
        shares[name] = shares.get(name, 0.0) + weight
    ranked = sorted(shares, key=lambda name: -shares[name])
    if len(ranked) == 1:
        return ranked[0] if len(weights) == 1 else f"average of {len(weights)} {ranked[0]}"
    return " + ".join(f"{shares[name]:.0%} {name}" for name in ranked)


def _readable(value: Any) -> Any:
    """Return a parameter's value, of a model the name of its class."""
    return model_name(value) if is_estimator(value) else value


def _choices(searches: list[Search]) -> tuple[Choice, ...]:
    """Return what the winners have for each parameter, the least stable first."""
    names = list(dict.fromkeys(name for search in searches for name in _varying(search)))
    choices = [_choice(searches, name) for name in names]
    return tuple(sorted(choices, key=lambda c: c.agreement if np.isnan(c.spread) else 1 - c.spread))


def _varying(search: Search) -> list[str]:
    """Return the parameters that a search could choose."""
    return [scale.name for scale in scales_of(search)]


def _choice(searches: list[Search], name: str) -> Choice:
    """Return what the winners have for one parameter."""
    values, places, numeric = [], [], True
    for search in searches:
        (scale,) = scales_of(search, [name])
        params = search.history[search.winner].params  # type: ignore[index]  # it was checked
        values.append(value_text(params[name]) if name in params else "not used")
        places.append(float(scale.places()[search.winner]) / scale.end)
        numeric = numeric and scale.kind != CHOICE
    agreement = max(map(values.count, values)) / len(values)
    spread = float(np.ptp(places)) if numeric and np.isfinite(places).all() else np.nan
    return Choice(name, tuple(values), np.array(places), agreement, spread)
