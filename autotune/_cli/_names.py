"""What the command line calls things; imports none of them."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from ._errors import CliError

CLASSIFICATION, REGRESSION = "classification", "regression"
STRATEGIES = ("auto", "grid", "random", "bayes", "racing", "halving", "hyperband")


@dataclass(frozen=True)
class Entry:
    """A classifier and a regressor of one family, and what they need.

    Attributes
    ----------
    classifier, regressor : str
        As ``"module.Class"`` below ``sklearn``; "" where the family has none.
    scaled : bool, default=True
        Numbers are imputed and scaled; trees need neither.
    scaled_target : bool, default=False
        The regressor's parameters assume a target of about unit variance.
    """

    classifier: str
    regressor: str
    scaled: bool = True
    scaled_target: bool = False


BOOSTING = "boosting"
MODELS: dict[str, Entry | None] = {
    BOOSTING: None,  # handles text, categories and missing values itself
    "forest": Entry("ensemble.RandomForestClassifier", "ensemble.RandomForestRegressor", False),
    "extratrees": Entry("ensemble.ExtraTreesClassifier", "ensemble.ExtraTreesRegressor", False),
    "tree": Entry("tree.DecisionTreeClassifier", "tree.DecisionTreeRegressor", False),
    "svc": Entry("svm.SVC", "svm.SVR", scaled_target=True),
    "linear": Entry("linear_model.LogisticRegression", "linear_model.Ridge"),
    "knn": Entry("neighbors.KNeighborsClassifier", "neighbors.KNeighborsRegressor"),
    "mlp": Entry("neural_network.MLPClassifier", "neural_network.MLPRegressor", scaled_target=True),
    "nb": Entry("naive_bayes.GaussianNB", ""),
}
ALIASES = {"svm": "svc", "svr": "svc", "logistic": "linear", "ridge": "linear"}


def check_names(text: str) -> list[str]:
    """Return the names in a comma-separated list, without aliases and repetitions."""
    names = []
    for word in text.split(","):
        name = word.strip().lower()
        name = ALIASES.get(name, name)
        if name not in MODELS:
            close = get_close_matches(name, [*MODELS, *ALIASES], n=1)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            raise CliError(f"--model must be among {', '.join(MODELS)}; got {word.strip()!r}{hint}")
        names.append(name)
    return list(dict.fromkeys(names))
