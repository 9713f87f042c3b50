"""The metric that the user names, and how its values are shown."""

from __future__ import annotations

from difflib import get_close_matches

from sklearn.metrics import get_scorer, get_scorer_names

from .._metric import Metric, describe_metric
from ._errors import CliError


def check_scoring(scoring: str | None) -> None:
    """Check that a metric is one of scikit-learn's."""
    names = get_scorer_names()
    if scoring is None or scoring in names:
        return
    close = get_close_matches(scoring, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"for example {names[0]!r}"
    raise CliError(f"argument --scoring: must be a metric of scikit-learn; got {scoring!r}: {hint}")


def shown_metric(scoring: str | None, *, classifier: bool) -> Metric:
    """Return the metric by the name that people know, a loss without the "neg"."""
    if scoring is None:
        return Metric("accuracy" if classifier else "R²")
    sign = describe_metric(get_scorer(scoring), ()).sign
    return Metric(scoring.removeprefix("neg_").replace("_", " ") if sign < 0 else scoring, sign)
