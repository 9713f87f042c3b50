"""The metric that the user names, and how its values are shown."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import get_scorer, get_scorer_names

from ..results import Metric, describe_metric
from ._errors import CliError, one_line
from ._names import no_such_metric


def check_scoring(scoring: str | None) -> None:
    """Check that a metric is one of scikit-learn's."""
    names = get_scorer_names()
    if scoring is not None and scoring not in names:
        raise no_such_metric(scoring, names)


def check_suits(scoring: str | None, y: np.ndarray, *, classifier: bool) -> None:
    """Check that a metric can score predictions of the target."""
    problem = None if scoring is None else _problem(scoring, y, classifier)
    if problem is None:
        return
    others = [name for name in get_scorer_names() if name.startswith(f"{scoring}_")]
    usable = [name for name in others if _problem(name, y, classifier) is None]
    hint = f"; these do: {', '.join(usable)}" if usable else f" ({problem})"
    raise CliError(f"--scoring {scoring} does not suit this target{hint}")


def _problem(scoring: str, y: np.ndarray, classifier: bool) -> str | None:
    """Return why a metric cannot score predictions of the target, None if it can."""
    model = DummyClassifier() if classifier else DummyRegressor()
    X = np.zeros((len(y), 1))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # guesses are scored badly
            get_scorer(scoring)(model.fit(X, y), X, y)
    except AttributeError:
        return "it needs a classifier, which predicts probabilities"
    except (TypeError, ValueError) as error:
        return one_line(str(error))
    return None


def shown_metric(scoring: str | None, *, classifier: bool) -> Metric:
    """Return the metric by the name that people know, a loss without the "neg"."""
    if scoring is None:
        return Metric("accuracy" if classifier else "R²")
    sign = describe_metric(get_scorer(scoring), ()).sign
    return Metric(scoring.removeprefix("neg_").replace("_", " ") if sign < 0 else scoring, sign)
