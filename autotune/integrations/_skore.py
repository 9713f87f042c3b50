"""A check of skore."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline

from ..estimators import AutoTunedClassifier, AutoTunedRegressor


class SpaceCheck:
    """A check for reports of skore: the findings of ``space_report_``.

    Skore's own checks of searches, SKD014 and SKD015, only read subclasses of a private class of
    scikit-learn. This one follows skore's protocol of checks, and also knows the limits of
    models and of the data. In a cross-validation report, it covers the searches of all folds.

    Examples
    --------
    >>> from autotune.integrations import SpaceCheck
    >>> report = skore.EstimatorReport(model, X_test=X, y_test=y)  # doctest: +SKIP
    >>> report.checks.add([SpaceCheck()])  # doctest: +SKIP
    >>> report.checks.summarize()  # doctest: +SKIP
    """

    code = "AUTOTUNE001"
    title = "Findings about the search space"
    report_types = ["estimator", "cross-validation"]  # noqa: RUF012  # skore takes nothing else
    docs_url = None
    severity = "issue"
    slow = False

    def check_function(self, report: Any) -> str | None:
        """Return the findings about the spaces that were searched.

        Parameters
        ----------
        report : skore.EstimatorReport or skore.CrossValidationReport
            A report on an estimator of this package, or on a Pipeline that ends with one.

        Returns
        -------
        text : str or None
            None if there is nothing to report.

        Raises
        ------
        skore.CheckNotApplicable
            For a report on another model.
        """
        parts = getattr(report, "reports_", [report])
        findings: dict[str, None] = {}
        for part in parts:
            fitted = part.estimator_
            model = fitted[-1] if isinstance(fitted, Pipeline) else fitted
            if not isinstance(model, AutoTunedClassifier | AutoTunedRegressor):
                from skore import CheckNotApplicable

                raise CheckNotApplicable(f"{type(model).__name__} has no space_report_.")
            findings.update(dict.fromkeys(map(str, model.space_report_)))
        return " ".join(findings) or None
