"""The display, in the style of scikit-learn's displays."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._texts import short_repr
from ._canvas import Canvas, import_pyplot
from ._contract import Picture
from ._kinds import KINDS
from ._nested import NestedPicture
from ._search import read_search


class TuningDisplay:
    """Plot of a search.

    Created by :meth:`from_estimator` or, for nested cross-validation, :meth:`from_cv_results`. It
    needs the extra ``plot``. The plotted values are computed once; :meth:`plot` draws them again,
    on other axes or in another style. The colours suit light and dark styles.

    Parameters
    ----------
    picture : autotune.pictures.Picture
        The picture to draw.

    Attributes
    ----------
    picture : autotune.pictures.Picture
        The picture; its attributes are the plotted values.
    figure_ : matplotlib.figure.Figure
        The figure.
    axes_ : ndarray of matplotlib.axes.Axes
        The panels.
    ax_ : matplotlib.axes.Axes
        The first panel.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from autotune import AutoTunedClassifier, TuningDisplay
    >>> model = AutoTunedClassifier(SVC(), {"C": [0.1, 1, 10, 100]}, strategy="grid")
    >>> model = model.fit(*load_iris(return_X_y=True))
    >>> display = TuningDisplay.from_estimator(model, kind="parameters")
    >>> display.ax_.get_xlabel()
    'C'
    >>> display.picture.scales[0].kind
    'log'
    >>> plt.close(display.figure_)
    """

    def __init__(self, picture: Picture):
        self.picture = picture

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        kind: str = "history",
        *,
        metric: str | None = None,
        parameters: Sequence[str] | None = None,
        top: int | None = None,
        ax: Any = None,
    ) -> TuningDisplay:
        """Plot the search of a fitted estimator.

        Parameters
        ----------
        estimator : AutoTunedClassifier or AutoTunedRegressor
            A fitted one, or a Pipeline that ends with one.
        kind : str, default="history"
            The kind of plot:

            - ``"history"``: the score of each trial and the best so far, against trials and
              against seconds, with the default as a line;
            - ``"folds"``: the fold scores of the best trials and the default, and the score to
              expect on new data;
            - ``"parameters"``: the score against the value of each parameter, one panel per
              parameter; it is marked if the chosen trial lies on a bound of the range;
            - ``"importance"``: the share of the score's variance over the space that single
              parameters and pairs explain, by functional ANOVA on a forest [1]_;
            - ``"parallel"``: parallel coordinates, a line for each trial through its
              parameters to its score;
            - ``"schedule"``: when each evaluation ran, with one row per parallel evaluation, and
              which ones belong to pruned trials; bars are lower for fewer training rows.
        metric : str or None, default=None
            The metric to show if there are several; None: the deciding one. Not for
            ``"schedule"``.
        parameters : sequence of str or None, default=None
            The parameters to show, in this order; None: all that vary. For ``"parameters"`` and
            ``"parallel"``.
        top : int or None, default=None
            The number of trials (``"folds"``) or of parameters and pairs (``"importance"``) to
            show; None: 10.
        ax : matplotlib Axes or None, default=None
            The axes to draw on; several panels share its area. None: a new figure.

        Returns
        -------
        display : TuningDisplay

        Raises
        ------
        ValueError
            If the estimator is not fitted, an argument is invalid, or there is nothing to show.
        ImportError
            If matplotlib is not installed.

        References
        ----------
        .. [1] F. Hutter, H. Hoos and K. Leyton-Brown, "An efficient approach for assessing
           hyperparameter importance", ICML (2014).
        """
        if kind == "nested":
            raise ValueError("kind 'nested' shows several searches: use from_cv_results")
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {list(KINDS)}; got {short_repr(kind)}")
        if top is not None and (not isinstance(top, numbers.Integral) or top < 1):
            raise ValueError(f"top must be a whole number from 1 on; got {short_repr(top)}")
        options: dict[str, Any] = {"metric": metric, "top": top}
        options["parameters"] = _names(parameters)
        options = {name: value for name, value in options.items() if value is not None}
        for name, value in options.items():
            if name not in KINDS[kind].options:
                raise ValueError(f"{name} must be None for kind {kind!r}; got {short_repr(value)}")
        search = read_search(estimator, options.pop("metric", None))
        import_pyplot()  # before anything is computed
        return cls(KINDS[kind].of(search, **options)).plot(ax)

    @classmethod
    def from_cv_results(
        cls, cv_results: Any, *, metric: str | None = None, ax: Any = None
    ) -> TuningDisplay:
        """Plot the results of nested cross-validation.

        On the left, for each outer fold, the best inner score and the outer score; the
        difference is the optimism of the search. On the right, the values chosen in each outer
        fold.

        Parameters
        ----------
        cv_results : dict
            The result of ``cross_validate(..., return_estimator=True)`` for a tuned estimator, or
            for a Pipeline that ends with one.
        metric : str or None, default=None
            The metric to show if there are several; None: the deciding one of the inner search.
        ax : matplotlib Axes or None, default=None
            The axes to draw on; the panels share its area. None: a new figure.

        Returns
        -------
        display : TuningDisplay

        Raises
        ------
        ValueError
            If the estimators are missing or are not searches, or the metric is unknown.
        ImportError
            If matplotlib is not installed.

        See Also
        --------
        nested_report : The same as frames.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.model_selection import cross_validate
        >>> from sklearn.svm import SVC
        >>> from autotune import AutoTunedClassifier, TuningDisplay
        >>> model = AutoTunedClassifier(SVC(), {"C": [1, 10]}, strategy="grid", cv=3)
        >>> results = cross_validate(
        ...     model, *load_iris(return_X_y=True), cv=3, return_estimator=True
        ... )
        >>> display = TuningDisplay.from_cv_results(results)
        >>> display.picture.outer.shape
        (3,)
        >>> plt.close(display.figure_)
        """
        import_pyplot()
        return cls(NestedPicture.of(cv_results, metric)).plot(ax)

    def plot(self, ax: Any = None) -> TuningDisplay:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            The axes to draw on; several panels share its area. None: a new figure.

        Returns
        -------
        self
        """
        canvas = Canvas(ax, self.picture.size)
        self.picture.draw(canvas)
        self.figure_ = canvas.figure
        self.axes_ = np.array(canvas.axes, dtype=object)
        self.ax_ = self.axes_[0]
        return self


def _names(parameters: Any) -> list[str] | None:
    """Return the names of parameters as a list."""
    if parameters is None:
        return None
    names = [parameters] if isinstance(parameters, str) else list(parameters)
    if not names:
        raise ValueError("parameters must be names, or None for all; got an empty list")
    return names
