"""Reports of a search: other metrics, the HTML report, the model as code, notebooks."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import check_is_fitted

from .._texts import short_repr
from ..compat import visual_block
from ..report import Finding, code_of, essence, space_report, write_report
from ..tuning import Rescorer
from ._delegation import NO_MODEL


class ReportingMixin:
    """Reports a search, and shows it in notebooks."""

    best_estimator_: Any
    _models: Any
    _rescorer: Rescorer | None
    _template: Any

    def rescore(self, scoring):
        """Score all trials by other metrics, from their predictions for the validation rows.

        Nothing is fitted. Needs ``keep_predictions=True`` before `fit`.

        Parameters
        ----------
        scoring : str, callable, list, tuple or dict
            The metric or metrics, as in the parameter ``scoring``. A callable gets a model that
            returns the kept predictions, and no columns of X. Scorers get the metadata that
            `fit` was given, such as ``sample_weight``, if they request it.

        Returns
        -------
        results : dict of ndarray
            One row per trial, in the layout of ``cv_results_``: ``mean_test_<metric>``, the
            scores of the folds and the ranks; ``pandas.DataFrame(results)`` is a table. Scores
            of trials whose predictions were not kept are NaN, with a warning.

        Raises
        ------
        TypeError, ValueError
            If ``scoring`` is invalid or cannot be computed from the predictions, or if none
            were kept.
        NotFittedError
            Before `fit`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from autotune import AutoTunedClassifier
        >>> model = AutoTunedClassifier(GaussianNB(), budget=5, keep_predictions=True)
        >>> results = model.fit(*load_iris(return_X_y=True)).rescore(["f1_macro", "neg_log_loss"])
        >>> results["mean_test_neg_log_loss"].shape
        (5,)
        """
        check_is_fitted(self, "cv_results_")
        if self._rescorer is None:
            raise ValueError("rescore needs predictions: fit with keep_predictions=True")
        return self._rescorer.rescore(self, self._template(), scoring)

    def report(self, path):
        """Write a report of the search to a single HTML file, which needs no network.

        It says in plain words what tuning gained, how certain the gain is, what was tried, what
        limited the search and what to try next. It also has plots (if matplotlib is installed),
        a table of all trials that can be sorted and filtered, the errors grouped by cause, and
        the code that creates the tuned model. It contains parameters, scores and error
        messages, but no data.

        Parameters
        ----------
        path : str or path-like
            The file, such as ``"tuning.html"``; an existing one is overwritten.

        Raises
        ------
        TypeError
            If ``path`` is not a path.
        NotFittedError
            Before ``fit``, or after one that was interrupted and not finished.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.svm import SVC
        >>> from autotune import AutoTunedClassifier
        >>> model = AutoTunedClassifier(SVC(), {"C": [1, 10]}, strategy="grid")
        >>> model = model.fit(*load_iris(return_X_y=True))
        >>> with TemporaryDirectory() as folder:
        ...     model.report(Path(folder) / "tuning.html")
        """
        check_is_fitted(self, "space_")
        write_report(self, path)

    def to_code(self):
        """Return Python code that creates the tuned model without tuning and fits it.

        Returns
        -------
        code : str
            With its imports, and with ``X`` and ``y`` as passed to ``fit``.

        Raises
        ------
        NotFittedError
            Before ``fit``, or with ``refit=False``.
        ValueError
            If a parameter has a value that cannot be written as code, such as a function that
            was defined inside another one.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.svm import SVC
        >>> from autotune import AutoTunedClassifier
        >>> model = AutoTunedClassifier(SVC(), {"C": [2, 0.001]}, strategy="grid", cv=3)
        >>> print(model.fit(*load_iris(return_X_y=True)).to_code())
        from sklearn.svm import SVC
        <BLANKLINE>
        model = SVC(C=2, random_state=...)
        model.fit(X, y)
        """
        check_is_fitted(self, "best_estimator_", msg=NO_MODEL)
        code = code_of(self.best_estimator_)
        if code is None:
            raise ValueError(
                "best_estimator_ cannot be written as code: a parameter has a value without a "
                f"constructor or a name; got {short_repr(self.best_estimator_)}"
            )
        return code

    @property
    def space_report_(self) -> list[Finding]:
        """Findings about the search space; see the class."""
        if "space_" not in self.__dict__:
            raise AttributeError("space_report_")
        return space_report(self)

    @property
    def _repr_html_(self):
        """The summary of the search, above scikit-learn's diagram."""
        diagram = super()._repr_html_  # type: ignore[misc]  # of BaseEstimator
        return lambda: self._essence() + diagram()

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]  # of BaseEstimator
        if "text/html" in bundle:
            bundle["text/html"] = self._essence() + bundle["text/html"]
        return bundle

    def _sk_visual_block_(self):
        fitted = self.__dict__.get("best_estimator_")
        if fitted is None:
            return visual_block("estimator", list(self._models().values()))
        return visual_block("best_estimator_", [fitted])

    def _essence(self) -> str:
        """Return the summary of the search, "" before there is one."""
        return essence(self) if "space_" in self.__dict__ else ""
