"""Names used on the command line, without importing what they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import version

from ._errors import CliError

CLASSIFICATION, REGRESSION = "classification", "regression"
_RELEASES = ("1.8.", "1.9.")  # of scikit-learn, none of which knows another metric than these:
METRICS = [
    "accuracy",
    "adjusted_mutual_info_score",
    "adjusted_rand_score",
    "average_precision",
    "balanced_accuracy",
    "completeness_score",
    "d2_absolute_error_score",
    "d2_brier_score",
    "d2_log_loss_score",
    "explained_variance",
    "f1",
    "f1_macro",
    "f1_micro",
    "f1_samples",
    "f1_weighted",
    "fowlkes_mallows_score",
    "homogeneity_score",
    "jaccard",
    "jaccard_macro",
    "jaccard_micro",
    "jaccard_samples",
    "jaccard_weighted",
    "matthews_corrcoef",
    "mutual_info_score",
    "neg_brier_score",
    "neg_log_loss",
    "neg_max_error",
    "neg_mean_absolute_error",
    "neg_mean_absolute_percentage_error",
    "neg_mean_gamma_deviance",
    "neg_mean_poisson_deviance",
    "neg_mean_squared_error",
    "neg_mean_squared_log_error",
    "neg_median_absolute_error",
    "neg_negative_likelihood_ratio",
    "neg_root_mean_squared_error",
    "neg_root_mean_squared_log_error",
    "normalized_mutual_info_score",
    "positive_likelihood_ratio",
    "precision",
    "precision_macro",
    "precision_micro",
    "precision_samples",
    "precision_weighted",
    "r2",
    "rand_score",
    "recall",
    "recall_macro",
    "recall_micro",
    "recall_samples",
    "recall_weighted",
    "roc_auc",
    "roc_auc_ovo",
    "roc_auc_ovo_weighted",
    "roc_auc_ovr",
    "roc_auc_ovr_weighted",
    "top_k_accuracy",
    "v_measure_score",
]
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


BOOSTING, FAMILIES = "boosting", "families"
MODELS: dict[str, Entry | None] = {
    BOOSTING: None,  # handles text, categories and missing values itself
    FAMILIES: None,  # several models at once, which do so too
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
    names = list(dict.fromkeys(names))
    if FAMILIES in names and len(names) > 1:
        raise CliError(f"--model {FAMILIES} stands for several models already; got {text!r}")
    return names


def check_metric(name: str | None) -> None:
    """Refuse a metric that scikit-learn does not know, where that is known without importing it."""
    if name is not None and name not in METRICS and version("scikit-learn").startswith(_RELEASES):
        raise no_such_metric(name, METRICS)


def no_such_metric(name: str, names: list[str]) -> CliError:
    """Return the error for a metric that is not among those that there are."""
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"for example {names[0]!r}"
    return CliError(f"argument --scoring: must be a metric of scikit-learn; got {name!r}: {hint}")
