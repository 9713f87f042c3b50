"""Tests of the built-in search spaces and the default model."""

from __future__ import annotations

import datetime as dt
import math
import pickle
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import sparse
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import make_classification, make_regression
from sklearn.decomposition import PCA, KernelPCA, TruncatedSVD
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import GenericUnivariateSelect, SelectKBest, SelectPercentile
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import Normalizer, OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.semi_supervised import LabelPropagation, LabelSpreading
from sklearn.svm import SVC, SVR, NuSVC, NuSVR
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators
from strategies import raw_frames
from threadpoolctl import threadpool_limits

from autotune import AutoTunedClassifier, default_space, register_space
from autotune.defaults import _model, auto_space, default_model, has_default_space
from autotune.defaults._compose import MAX_SUBSPACES
from autotune.defaults._registry import known_models
from autotune.defaults._untuned import REASONS
from autotune.space import Space

CLASSES = {f"sklearn.{name}": cls for name, cls in all_estimators()}
WITH_MODEL = {  # what has no default for its model
    "RFE": LogisticRegression(),
    "SelectFromModel": LogisticRegression(),
    "SequentialFeatureSelector": GaussianNB(),
}
ESTIMATORS = [
    CLASSES[name](*([WITH_MODEL[short]] if (short := name.partition(".")[2]) in WITH_MODEL else []))
    for name in known_models()
    if name in CLASSES
]
MODELS = [model for model in ESTIMATORS if is_classifier(model) or is_regressor(model)]
# For every condition of a space, models that meet it.
VARIANTS = [
    *(KernelRidge(kernel=kernel) for kernel in ("rbf", "laplacian", "poly")),
    *(cls(kernel=kernel) for cls in (NuSVC, NuSVR) for kernel in ("linear", "poly", "sigmoid")),
    *(cls(kernel="knn") for cls in (LabelPropagation, LabelSpreading)),
    *(cls(penalty="elasticnet") for cls in (SGDClassifier, SGDRegressor)),
    LogisticRegression(solver="saga", l1_ratio=0.5),
    PCA(3),
    PCA(svd_solver="randomized"),
    KernelPCA(kernel="rbf"),
    *(GenericUnivariateSelect(mode=mode) for mode in ("percentile", "k_best")),
    PolynomialFeatures((1, 3)),
    TfidfVectorizer(analyzer="char"),
    OneHotEncoder(max_categories=3),
    SimpleImputer(strategy="median"),
    make_pipeline(
        SimpleImputer(),
        PolynomialFeatures(include_bias=False),
        SelectPercentile(),
        PCA(),
        GaussianNB(),
    ),
    make_pipeline(OneHotEncoder(handle_unknown="ignore"), TruncatedSVD(), GaussianNB()),
]
# Counts and categories, not measurements.
COUNTS = (
    *("MultinomialNB", "ComplementNB", "CategoricalNB", "BernoulliNB", "BernoulliRBM"),
    *("LatentDirichletAllocation", "MiniBatchNMF", "NMF", "TfidfTransformer"),
    *("AdditiveChi2Sampler", "SkewedChi2Sampler"),
)
TEXTS = ("CountVectorizer", "HashingVectorizer", "TfidfVectorizer")
CATEGORIES = ("OneHotEncoder", "OrdinalEncoder", "TargetEncoder")
SEVERAL_TARGETS = ("CCA", "MultiTaskElasticNet", "MultiTaskLasso", "PLSCanonical", "PLSSVD")
POSITIVE_TARGETS = ("GammaRegressor", "PoissonRegressor")
# Iterative solvers end at their max_iter for some of their settings, as they do by default.
MAY_NOT_CONVERGE = (
    *("FastICA", "LabelPropagation", "LabelSpreading", "MiniBatchNMF", "NMF", "Perceptron"),
    *("HuberRegressor", "MultiTaskElasticNet", "MultiTaskLasso", "NuSVC", "NuSVR"),
    *("DictionaryLearning", "MiniBatchSparsePCA", "SparsePCA"),
    "ElasticNet",
    "Lasso",
    "LinearSVC",
    "LinearSVR",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "SGDClassifier",
    "SGDRegressor",
)
# Where the model's own default is no point of its space, and why that is right.
DEFAULT_OUTSIDE = {
    "l2_regularization": 0.0,  # zero has no logarithm, and the lower end acts like it
    "ccp_alpha": 0.0,  # the same
    "epsilon": 0.0,  # the same, for LinearSVR
    "max_features": ("sqrt", None),  # a share for sqrt depends on the data, None is 1.0
    "max_samples": None,  # means 1.0
    "max_depth": None,  # means no limit; the upper end acts like it
    "gamma": 20,  # of label propagation: too much for rows far from others
    "reg_param": 0.0,  # zero has no logarithm, and the lower end acts like it
    "shrinkage": None,  # the same
    "solver": "svd",  # of discriminant analysis, without shrinkage
    "shrink_threshold": None,  # the lower end acts like it
    "penalty": None,  # of Perceptron: then alpha means nothing
    "n_nonzero_coefs": None,  # a share of the features
    "n_features_to_select": None,  # half of them
    "alpha": 1e-10,  # of GaussianProcessRegressor, only to keep it from a division by zero
}


class Forest(RandomForestClassifier):
    """A subclass that knows only some parameters of its base."""

    def __init__(self, max_features="sqrt"):
        super().__init__()
        self.max_features = max_features


class Unknown(BaseEstimator):
    """A model without a built-in space."""

    def __init__(self, width=8, strength=0.2, greedy=False, verbose=0):
        self.width = width
        self.strength = strength
        self.greedy = greedy
        self.verbose = verbose

    def fit(self, X, y=None):
        """Do nothing."""
        return self


class Stepper(RandomForestClassifier):
    """A model with a parameter that a pipeline has as something else."""

    def __init__(self, steps=5, transformers=3):
        super().__init__()
        self.steps = steps
        self.transformers = transformers


def name_of(model):
    """Return the name of the model's class, for the ids of tests."""
    return type(model).__name__


def data_for(model):
    """Return a small scaled data set that suits the model or step."""
    name, rng = name_of(model[0] if hasattr(model, "steps") else model), np.random.RandomState(0)
    if is_regressor(model):
        X, y = make_regression(60, 5, noise=5.0, random_state=0)
        y = np.exp(y / y.std()) if name in POSITIVE_TARGETS else (y - y.mean()) / y.std()
    else:
        X, y = make_classification(60, 5, n_informative=3, n_classes=3, random_state=0)
    if name in SEVERAL_TARGETS:
        y = np.column_stack([y, y + X[:, 0]])
    if name in CATEGORIES:
        return rng.randint(0, 4, X.shape).astype(str), y
    if name in TEXTS:
        return np.array([" ".join(rng.choice(["ab", "cd", "ef", "gh"], 5)) for _ in X]), y
    X = StandardScaler().fit_transform(X)
    return (np.abs(X.round()).clip(0, 1) if name in COUNTS else X), y


def fit_all(model, n=15):
    """Fit random configurations of the model's space to half of some rows, warnings as errors."""
    X, y = data_for(model)
    stratify = None if is_regressor(model) or y.ndim > 1 else y
    X_train, _, y_train, _ = train_test_split(
        X, y, train_size=0.5, stratify=stratify, random_state=0
    )
    space, rng = Space.parse(auto_space(model, X=X, y=y)), np.random.RandomState(0)
    drawn = (space.sample(rng) for _ in range(n))
    different = {space.key(params): params for params in drawn}
    with warnings.catch_warnings(), threadpool_limits(1):  # threads would wait for each other
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Using the fractional value max_samples", UserWarning)
        if name_of(model) in MAY_NOT_CONVERGE:
            warnings.simplefilter("ignore", ConvergenceWarning)
        for params in different.values():
            candidate = clone(model).set_params(**params).fit(X_train, y_train)
            answer = candidate.predict if hasattr(candidate, "predict") else candidate.transform
            result = answer(X)
            assert np.all(np.isfinite(result.data if sparse.issparse(result) else result))


def made_quick(model):
    """Return a model with few iterations, and with what it needs for few rows."""
    name, params = name_of(model), model.get_params()
    changes = {"max_iter": 5} if re.match("MLP|Hist|.*Dictionary|.*SparsePCA", name) else {}
    if "n_estimators" in params and "Ada" not in name:
        changes["n_estimators"] = 5
    changes |= {"n_quantiles": 20} if "n_quantiles" in params else {}
    if "quantile_method" in params:  # whose default scikit-learn 1.8 warns of
        changes["quantile_method"] = "averaged_inverted_cdf"
    changes |= {"cv": 2} if name.startswith("Sequential") else {}
    changes |= {"radius": 5.0} if name.startswith("Radius") else {}
    return clone(model).set_params(**changes)


def has_bounded_space(model):
    """Return whether there is something to search on few rows."""
    X, y = data_for(model)
    try:
        return bool(auto_space(model, X=X, y=y))
    except ValueError:
        return False


@pytest.mark.parametrize("model", [*ESTIMATORS, *VARIANTS], ids=name_of)
def test_every_configuration_fits(model):
    """Check that what is drawn from a built-in space fits without error or warning."""
    if has_bounded_space(model):
        fit_all(made_quick(model), n=4)


# Fewer draws where a fit takes more than some milliseconds.
COSTLY = re.compile(
    "Ada|Bagging|Boosting|Dictionary|FactorA|FastICA|Forest|ExtraTrees|GaussianProcess|Isomap"
    "|KMeans|Latent|MLP|NMF|Pipeline|RBM|RFE|Sequential|SparsePCA"
)


@pytest.mark.slow
@pytest.mark.parametrize("model", [*ESTIMATORS, *VARIANTS], ids=name_of)
def test_a_thousand_configurations_fit(model):
    """Check the same of many draws."""
    if has_bounded_space(model):
        fit_all(made_quick(model), n=40 if COSTLY.search(name_of(model)) else 1000)


@pytest.mark.parametrize("kind", ["classifier", "regressor", "transformer"])
def test_every_class_is_covered(kind):
    """Check that each model and step of scikit-learn has a space, or a reason for having none."""
    names = {name for name, _ in all_estimators(kind)}
    known = {name.partition(".")[2] for name in known_models()}
    assert names <= known | REASONS.keys()
    assert not known & REASONS.keys()


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_default_lies_in_or_near_the_space(model):
    """Check that a model's own parameters are in its space, but for the listed exceptions."""
    spaces = auto_space(model)
    params = model.get_params()
    for space in spaces if isinstance(spaces, list) else [spaces]:
        outside = {
            name
            for name in space
            if {name: params[name]} not in Space.parse({name: space[name]})
            and not ((name, params[name]) == ("gamma", "scale") and len(spaces) == 2)
        }
        for name in outside:
            allowed = DEFAULT_OUTSIDE[name]
            assert params[name] in (allowed if isinstance(allowed, tuple) else (allowed,))


def test_default_of_svc_is_inside():
    """Check that the sub-space with gamma="scale" holds SVC's own parameters."""
    params = {"C": 1.0, "gamma": "scale", "class_weight": None}
    assert params in Space.parse(auto_space(SVC()))


@pytest.mark.parametrize("kernel", ["linear", "poly", "sigmoid"])
def test_kernels_fit(kernel):
    """Check that every kernel has a space of its own that fits."""
    fit_all(SVC(kernel=kernel))
    fit_all(SVR(kernel=kernel))
    spaces = auto_space(SVC(kernel=kernel))
    assert "kernel" not in spaces
    assert ("degree" in spaces) == (kernel == "poly")
    assert ("gamma" in spaces) == (kernel != "linear")


@pytest.mark.parametrize(
    ("model", "absent", "present"),
    [
        (SVC(kernel="precomputed"), {"gamma", "degree"}, {"C", "class_weight"}),
        (SVC(kernel=np.dot), {"gamma", "degree"}, {"C", "class_weight"}),
        (SVC(class_weight={0: 1, 1: 5}, kernel="linear"), {"class_weight"}, {"C"}),
        (KNeighborsClassifier(metric="cosine"), {"p"}, {"n_neighbors", "weights"}),
        (KNeighborsClassifier(p=3), {"p"}, {"n_neighbors", "weights"}),
        (KNeighborsClassifier(weights="distance"), {"weights"}, {"n_neighbors"}),
        (KNeighborsClassifier(3), set(), {"n_neighbors", "weights"}),
        (RandomForestClassifier(), {"n_estimators"}, {"max_samples"}),
        (RandomForestClassifier(bootstrap=False), {"max_samples"}, {"max_features"}),
        (LogisticRegression(penalty=None), {"C"}, {"class_weight"}),
        (MLPClassifier((64, 64)), {"hidden_layer_sizes"}, {"alpha", "learning_rate_init"}),
        (MLPClassifier(solver="lbfgs"), {"learning_rate_init"}, {"alpha"}),
        (Forest(), {"min_samples_leaf", "max_samples"}, {"max_features"}),
    ],
    ids=lambda value: name_of(value) if isinstance(value, BaseEstimator) else "",
)
def test_space_follows_the_model(model, absent, present):
    """Check that the user's own kinds are kept and only what applies to them is searched."""
    space = auto_space(model)
    assert present <= set(space)
    assert not absent & set(space)


def test_chosen_gamma_keeps_its_sub_space():
    """Check that a gamma given as a number is kept in one sub-space and searched in the other."""
    first, second = auto_space(SVC(gamma=0.5))
    assert set(first) == {"C", "gamma", "class_weight"}
    assert set(second) == {"C", "class_weight"}


SCALED_RIDGE = make_pipeline(StandardScaler(), Ridge())
VOTE = VotingClassifier([("nb", GaussianNB()), ("svc", SVC(kernel="linear"))])


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (SCALED_RIDGE, {"ridge__alpha"}),
        (make_pipeline("passthrough", None, Ridge()), {"ridge__alpha"}),
        (TransformedTargetRegressor(SCALED_RIDGE), {"regressor__ridge__alpha"}),
        (MultiOutputRegressor(Ridge()), {"estimator__alpha"}),
        (BaggingClassifier(GaussianNB()), {"estimator__var_smoothing"}),
        (CalibratedClassifierCV(GaussianNB()), {"estimator__var_smoothing"}),
        (OneVsRestClassifier(GaussianNB()), {"estimator__var_smoothing"}),
        (VOTE, {"nb__var_smoothing", "svc__C", "svc__class_weight"}),
        (
            StackingClassifier([("nb", GaussianNB())], GaussianNB()),
            {"nb__var_smoothing", "final_estimator__var_smoothing"},
        ),
        (
            make_pipeline(
                FeatureUnion([("a", StandardScaler()), ("b", SCALED_RIDGE)]), GaussianNB()
            ),
            {"featureunion__b__ridge__alpha", "gaussiannb__var_smoothing"},
        ),
        (
            ColumnTransformer([("r", SCALED_RIDGE, [0]), ("d", "drop", [1])], remainder=Ridge()),
            {"r__ridge__alpha", "remainder__alpha"},
        ),
    ],
)
def test_containers(model, names):
    """Check that spaces are found in nested estimators, under names that set_params takes."""
    space = auto_space(model)
    assert set(space) == names
    assert has_default_space(model)
    clone(model).set_params(**Space.parse(space).sample(np.random.RandomState(0)))


def test_prefix():
    """Check that the prefix stands before every name."""
    assert set(auto_space(SCALED_RIDGE, prefix="clf__")) == {"clf__ridge__alpha"}


def test_nested_unions_multiply():
    """Check that two unions give every combination of their members."""
    spaces = auto_space(VotingClassifier([("a", SVC()), ("b", SVC()), ("c", GaussianNB())]))
    scaled = [(s["a__gamma"] == ["scale"], s["b__gamma"] == ["scale"]) for s in spaces]
    assert scaled == [(False, False), (False, True), (True, False), (True, True)]
    assert all("c__var_smoothing" in space for space in spaces)


def test_product_of_unions_is_bounded():
    """Check that beyond the bound the first, largest member of each union remains."""
    n = int(math.log2(MAX_SUBSPACES))
    within = VotingClassifier([(f"m{i}", SVC()) for i in range(n)])
    assert len(auto_space(within)) == MAX_SUBSPACES
    space = auto_space(VotingClassifier([(f"m{i}", SVC()) for i in range(n + 1)]))
    assert isinstance(space, dict)
    assert all(isinstance(space[f"m{i}__gamma"], tuple) for i in range(n + 1))


@pytest.mark.parametrize(
    ("model", "fragments"),
    [
        (
            Unknown(),
            [
                "no built-in search space for Unknown.",
                "space={'strength': (0.02, 1.0, 'log-uniform'), 'width': (4, 16)}",
            ],
        ),
        (
            make_pipeline(StandardScaler(), Unknown()),
            [
                "for Pipeline, nor for anything in it (StandardScaler, Unknown).",
                "'unknown__width': (4, 16)}",
            ],
        ),
        (
            GaussianProcessClassifier(),
            ["for GaussianProcessClassifier.", "'max_iter_predict': (50, 200)"],
        ),
        (LinearRegression(), ["for LinearRegression.", "'fit_intercept': [True, False]"]),
        (VotingClassifier([("a", "drop")]), ["for VotingClassifier.", "space={'"]),
    ],
    ids=lambda value: name_of(value) if isinstance(value, BaseEstimator) else "",
)
def test_unknown_model(model, fragments):
    """Check that the error names the model and shows a space over its own parameters."""
    assert not has_default_space(model)
    with pytest.raises(ValueError, match="space='auto'") as error:
        auto_space(model)
    for fragment in fragments:
        assert fragment in str(error.value)


X_SMALL, Y_SMALL = np.random.RandomState(0).normal(size=(20, 4)), np.arange(20) % 2


@pytest.mark.parametrize(
    ("model", "X", "expected"),
    [
        (KNeighborsClassifier(), None, {"n_neighbors": (1, 30, "log-uniform")}),
        (KNeighborsClassifier(), X_SMALL, {"n_neighbors": (1, 10, "log-uniform"), "p": [2, 1]}),
        (KNeighborsClassifier(), X_SMALL.tolist(), {"n_neighbors": (1, 10, "log-uniform")}),
        (KNeighborsClassifier(), [["a", "b"], ["c"]] * 10, {"n_neighbors": (1, 10, "log-uniform")}),
        (
            make_pipeline(SelectKBest(), Stepper()),
            X_SMALL,
            {"selectkbest__k": (1, 4, "log-uniform")},
        ),
        (NuSVC(), X_SMALL, {"nu": (0.02, 0.7)}),
        (NuSVC(), X_SMALL[:5], {"nu": (0.02, pytest.approx(0.8 * 2 * 2 / 5))}),
        (PCA(2), X_SMALL, {"n_components": (1, 4, "log-uniform")}),
        (PCA(), X_SMALL, {"n_components": (0.5, 0.999)}),
        (
            make_pipeline(StandardScaler(), SelectKBest(), GaussianNB()),
            X_SMALL,
            {"selectkbest__k": (1, 4, "log-uniform")},
        ),
        (
            ColumnTransformer([("s", SelectKBest(), [0, 1]), ("t", SelectKBest(), slice(2, 4))]),
            X_SMALL,
            {"s__k": (1, 2, "log-uniform"), "t__k": None},
        ),
        (
            make_pipeline(PolynomialFeatures(), SelectKBest(), GaussianNB()),
            X_SMALL,
            {"polynomialfeatures__degree": (1, 2), "selectkbest__k": None},
        ),
        (
            make_pipeline(TfidfVectorizer(), TruncatedSVD(), GaussianNB()),
            ["a b"] * 400,
            {"tfidfvectorizer__min_df": (1, 10), "truncatedsvd__n_components": None},
        ),
        (
            make_pipeline(CountVectorizer(), GaussianNB()),
            ["a b"] * 40,
            {"countvectorizer__min_df": None},
        ),
    ],
)
def test_bounds_that_depend_on_the_data(model, X, expected):
    """Check that ranges end where half of the rows and the features end, or are left out."""
    space = default_space(model, X, None if X is None else np.arange(len(X)) % 2)
    assert {name: space.get(name) for name in expected} == expected


def test_metric_of_sparse_neighbors_is_kept():
    """Check that no distance is searched that refuses some sparse matrices."""
    assert "p" not in default_space(KNeighborsClassifier(), sparse.csr_matrix(X_SMALL))


@pytest.mark.parametrize(
    ("steps", "X", "is_dense"),
    [
        ([], sparse.csr_matrix(X_SMALL), False),
        ([], X_SMALL, True),
        ([SelectKBest(k=2)], sparse.csr_matrix(X_SMALL), False),
        ([StandardScaler(with_mean=False)], sparse.csr_matrix(X_SMALL), False),
        ([TruncatedSVD()], sparse.csr_matrix(X_SMALL), True),
        ([ColumnTransformer([("c", OneHotEncoder(), [0])])], X_SMALL, False),
        ([OneHotEncoder(sparse_output=False)], X_SMALL, True),
        ([TfidfVectorizer()], ["a b"] * 20, False),
    ],
    ids=str,
)
def test_shares_of_variance_are_for_dense_data(steps, X, is_dense):
    """Check that PCA gets no share of the variance where it may be given a sparse matrix."""
    model = make_pipeline(*steps, PCA(), GaussianNB())
    assert ("pca__n_components" in default_space(model, X, Y_SMALL)) == is_dense


def test_space_on_half_of_the_rows():
    """Check that a space that knows the data is searched without a failed trial."""
    search = AutoTunedClassifier(KNeighborsClassifier(), cv=2, budget=10, strategy="random")
    search.set_params(error_score="raise", random_state=0).fit(X_SMALL, Y_SMALL)
    assert max(params["n_neighbors"] for params in search.cv_results_["params"]) <= 10


def test_the_public_space_is_a_dict():
    """Check that the space of any model can be merged, passed on, and changed."""
    space = default_space(SVC()) | {"C": (1, 10)}
    assert space == {
        "C": (1, 10),
        "gamma": (2.0**-15, 2.0**3, "log-uniform"),
        "class_weight": [None, "balanced"],
    }
    search = AutoTunedClassifier(SVC(), space, budget=4, cv=2, random_state=0)
    assert set(search.fit(X_SMALL, Y_SMALL).best_params_) == set(space)
    space["class_weight"].append({0: 2})
    assert default_space(SVC())["class_weight"] == [None, "balanced"]


@pytest.mark.parametrize("model", [SVC, "SVC", None, [SVC()]])
def test_spaces_are_of_estimators(model):
    """Check that what is no estimator is refused by name."""
    with pytest.raises(TypeError, match=r"^estimator must be an instance of a model; got "):
        default_space(model)


def test_steps_of_long_pipelines():
    """Check that each step keeps its first parameter where there are more than ten."""
    steps = [TfidfVectorizer(), Nystroem(), KNNImputer()]
    model = RandomForestClassifier()
    assert len(default_space(make_pipeline(*steps, model))) == 3 + 2 + 2 + 3
    assert set(default_space(make_pipeline(*steps, Normalizer(), model))) == {
        "tfidfvectorizer__ngram_range",
        "nystroem__gamma",
        "knnimputer__n_neighbors",
        "normalizer__norm",
        *(f"randomforestclassifier__{name}" for name in default_space(model)),
    }


@pytest.fixture
def registered():
    """Return a function that registers spaces for the time of a test."""
    classes = []

    def register(cls, space):
        classes.append(cls)
        register_space(cls, space)

    yield register
    for cls in classes:
        register_space(cls, None)


def test_registered_spaces(registered):
    """Check that a class of the user's is tuned by its space, also inside of others."""

    class Own(Forest):
        pass

    registered(Own, {"max_features": (0.5, 0.7)})
    assert default_space(Own()) == {"max_features": (0.5, 0.7)}
    assert set(default_space(make_pipeline(Own()))) == {"own__max_features"}
    assert default_space(Forest()) == {"max_features": (0.05, 1.0)}
    registered(Own, lambda params: [{"max_features": (0.1, params["max_features"])}])
    assert default_space(Own(0.4)) == {"max_features": (0.1, 0.4)}
    search = AutoTunedClassifier(Own(0.4), budget=2, cv=2).fit(X_SMALL, Y_SMALL)
    assert search.best_params_["max_features"] <= 0.4
    registered(Own, [{"max_features": np.arange(1, 3)}, {"max_features": np.arange(1, 3)}])
    assert len(auto_space(Own())) == 2
    registered(Own, {"depth": (1, 3)})
    with pytest.raises(ValueError, match=r"^space\['depth'\]: Own has no such parameter"):
        AutoTunedClassifier(Own(), budget=2).fit(X_SMALL, Y_SMALL)
    registered(Own, None)
    assert default_space(Own()) == {"max_features": (0.05, 1.0)}


@pytest.mark.parametrize(
    ("cls", "space", "error", "message"),
    [
        (Unknown(), {"width": (1, 2)}, TypeError, "cls must be the class of an estimator; got Unk"),
        (Unknown, {"width": (2, 1)}, ValueError, "space['width'] must be an interval (low, high)"),
        (Unknown, [], ValueError, "space must hold at least one dict, got an empty list"),
        (Unknown, "auto", TypeError, "space must be a dict of parameter names and ranges"),
    ],
)
def test_nonsense_is_not_registered(cls, space, error, message):
    """Check that what is no class, or no space, is refused."""
    with pytest.raises(error, match=re.escape(message)):
        register_space(cls, space)
    assert not has_default_space(Unknown())


def test_spaces_are_fresh():
    """Check that changing what was returned does not change the built-in space."""
    space = auto_space(DecisionTreeClassifier())
    space.clear()
    assert auto_space(DecisionTreeClassifier())


def test_import_is_light():
    """Check that no model is imported before one is asked for."""
    code = "import sys, autotune.defaults; print([m for m in sys.modules if 'sklearn.' in m])"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "'sklearn.ensemble" not in modules
    assert "'sklearn.svm" not in modules


N = 600
LEVELS = np.arange(N) % 400


def text(n_levels=400):
    """Return a column of text with missing values."""
    column = np.array([f"level {i % n_levels}" for i in LEVELS], dtype=object)
    column[::7] = None
    return column


def pandas_frame(**columns):
    """Return a frame of pandas with numbers, nullable numbers and booleans, and more."""
    pd = pytest.importorskip("pandas")
    integers = pd.array(LEVELS, dtype="Int64")
    integers[3] = pd.NA
    booleans = pd.array(LEVELS % 2 == 0, dtype="boolean")
    booleans[4] = pd.NA
    flags = np.array([True, False, None], dtype=object)[LEVELS % 3]
    numbers = np.where(LEVELS % 5 == 0, np.nan, LEVELS / 3)
    return pd.DataFrame(
        {"number": numbers, "integer": integers, "boolean": booleans, "flag": flags, **columns}
    )


def polars_frame(**columns):
    """Return a frame of polars with numbers, booleans and missing values, and more."""
    pl = pytest.importorskip("polars")
    integers = [None, *range(N - 1)]
    return pl.DataFrame({"integer": integers, "boolean": [None, True, False] * (N // 3), **columns})


def categories(n_levels, *extra):
    """Return a categorical column of pandas."""
    column = text(n_levels)
    column[1 : 1 + len(extra)] = extra
    return pytest.importorskip("pandas").Series(column).astype("category")


def series(values, dtype):
    """Return a column of pandas of the given dtype."""
    return pytest.importorskip("pandas").array(values, dtype=dtype)


def enum(n_levels):
    """Return a categorical column of polars."""
    pl = pytest.importorskip("polars")
    return pl.Series(list(text(n_levels))).cast(pl.Categorical)


def mixed(*extra):
    """Return a column in which text meets other things."""
    column = text(5)
    column[1 : 1 + len(extra)] = extra
    return column


TUPLES = [("a", i) for i in range(5)]


def dates(**options):
    """Return dates with hours of pandas."""
    return pytest.importorskip("pandas").date_range("2024", periods=N, freq="7h", **options)


def intervals():
    """Return a column of categories that are intervals."""
    return pytest.importorskip("pandas").cut(LEVELS, 5)


def mixed_numbers():
    """Return numbers among which pandas' missing value stands."""
    return np.array([1, 2.5, series([None], "Int64")[0]], dtype=object)[LEVELS % 3]


def text_of_numbers():
    """Return text of numbers."""
    return np.array(["$1,234.50", "7", "", "(3.2)"], dtype=object)[LEVELS % 4]


def sentences(n_words=6):
    """Return texts of random words."""
    rng = np.random.RandomState(0)
    words = [f"{a}{b}a" for a in "bcdfghjklm" for b in "aeiou"]
    return np.array([" ".join(rng.choice(words, n_words)) for _ in range(N)], dtype=object)


def nameless_zone():
    """Return the time zone of Tokyo as dateutil has it."""
    return pytest.importorskip("dateutil.tz").tzoffset(None, 9 * 3600)


FRAMES = {
    "numbers": (pandas_frame, False),
    "few categories": (lambda: pandas_frame(c=categories(20)), True),
    "many categories": (lambda: pandas_frame(c=categories(400)), True),
    "object": (lambda: pandas_frame(c=text()), True),
    "string": (lambda: pandas_frame(c=series(text(), "string")), True),
    "text and categories": (lambda: pandas_frame(c=text(), d=categories(20)), True),
    "text and numbers": (lambda: pandas_frame(c=mixed(1, 2.5, True, np.nan)), True),
    "two missing": (lambda: pandas_frame(c=mixed(None, np.nan)), True),
    "pandas missing": (lambda: pandas_frame(c=mixed(None, series([None], "Int64")[0])), True),
    "categories of nullable text": (
        lambda: pandas_frame(c=series(text(5), "string")).astype({"c": "category"}),
        True,
    ),
    "zone without a name": (lambda: pandas_frame(c=dates(tz=nameless_zone())), True),
    "two kinds of text": (lambda: pandas_frame(c=text(), d=series(text(9), "string")), True),
    "positions as names": (lambda: pandas_frame(c=text()).set_axis(range(5), axis=1), True),
    "only text": (lambda: pandas_frame(c=text())[["c"]], True),
    "polars numbers": (polars_frame, False),
    "polars text": (lambda: polars_frame(c=list(text())), True),
    "polars few categories": (lambda: polars_frame(c=enum(20)), True),
    "polars many categories": (lambda: polars_frame(c=enum(400)), True),
    "polars text and categories": (lambda: polars_frame(c=list(text()), d=enum(20)), True),
    "dates": (lambda: pandas_frame(c=dates()), True),
    "dates of a zone": (lambda: pandas_frame(c=dates(tz="Asia/Tokyo")), True),
    "periods": (lambda: pandas_frame(c=dates().to_period("M")), True),
    "durations": (lambda: pandas_frame(c=dates() - dates()[0]), True),
    "no value": (lambda: pandas_frame(c=np.nan), True),
    "None": (lambda: pandas_frame(c=None), True),
    "pandas missing among numbers": (lambda: pandas_frame(c=mixed_numbers()), True),
    "one name twice": (lambda: pandas_frame(c=text(5)).set_axis(list("aabbc"), axis=1), True),
    "one name twice, numbers": (lambda: pandas_frame().set_axis(list("aabb"), axis=1), True),
    "names of mixed types": (lambda: pandas_frame().set_axis(["a", 1, 2.5, None], axis=1), True),
    "tuples as names": (lambda: pandas_frame(c=text(5)).set_axis(TUPLES, axis=1), True),
    "mixed categories": (lambda: pandas_frame(c=categories(5, 1, 2.5)), True),
    "intervals": (lambda: pandas_frame(c=intervals()), True),
    "sparse column": (lambda: pandas_frame(c=series(LEVELS % 3, "Sparse[int]")), True),
    "few values": (lambda: pandas_frame(c=np.where(LEVELS == 7, 1.0, np.nan)), True),
    "infinite": (lambda: pandas_frame(c=np.where(LEVELS % 3, np.inf, -np.inf)), True),
    "almost numbers": (lambda: pandas_frame(c=text_of_numbers()), True),
    "sentences": (lambda: pandas_frame(c=sentences()), True),
    "bytes": (lambda: pandas_frame(c=text(5).astype(bytes)), True),
    "polars dates": (lambda: polars_frame(d=dates().to_list(), t=[None, "1:30"] * (N // 2)), True),
    "polars no value": (lambda: polars_frame(c=[None] * N), True),
    "array of text": (lambda: np.column_stack([text(5), LEVELS]).astype(str), True),
    "array of dates": (lambda: np.column_stack([dates()] * 2), True),
    "array of few values": (lambda: np.where(LEVELS == 7, 1.0, np.nan).reshape(-1, 1), True),
    "lists": (lambda: [["a", 1.5, None], ["b", None, dt.date(2024, 1, 1)]] * (N // 2), True),
    "lists of numbers": (lambda: [[1, 1.5], [2, None]] * (N // 2), False),
    "sparse": (lambda: sparse.random_array((N, 3), density=0.5, format="csr"), True),
    "wide and sparse": (lambda: sparse.random_array((N, 30000), density=1e-3, format="csr"), True),
    "array of floats": (lambda: LEVELS.reshape(-1, 1) / 2, False),
    "array of objects": (lambda: np.column_stack([text(), LEVELS]).astype(object), True),
    "array of numbers as objects": (lambda: LEVELS.reshape(-1, 1).astype(object), False),
}


@pytest.mark.parametrize("classifier", [True, False])
@pytest.mark.parametrize(("make", "wrapped"), FRAMES.values(), ids=FRAMES)
def test_default_model_fits(make, wrapped, classifier):
    """Check that the default model takes every kind of column, and survives a pickle."""
    X, y = make(), LEVELS % 2
    model = default_model(X, classifier=classifier)
    assert hasattr(model, "steps") == wrapped
    assert is_classifier(model) == classifier
    assert set(auto_space(model)) - {"columns__means__means__smooth"} == {
        f"{'model__' if wrapped else ''}{name}"
        for name in auto_space(CLASSES["sklearn.HistGradientBoostingClassifier"]())
    }
    model = clone(model).set_params(**{"model__max_iter" if wrapped else "max_iter": 3})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X[: N // 2], y[: N // 2])
        predicted = model.predict(X)  # the second half has text not seen before
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(X), predicted)


@pytest.mark.parametrize("kind", ["object", "string", "category", "polars", "numpy"])
def test_default_model_learns_from_text(kind):
    """Check that encoded text is used as categories and a new value is no error."""
    column = np.array(["b", "c", "a", "d"], dtype=object)[LEVELS % 4]
    # Neither end of the alphabet: a split between ordered codes needs two cuts.
    y = np.isin(column, ["b", "d"]).astype(int)
    if kind == "polars":
        X, new = polars_frame(c=list(column)), polars_frame(c=["new"] * N)
    elif kind == "numpy":
        X, new = np.array([column]).T, np.full((N, 1), "new", dtype=object)
    else:
        frame = pandas_frame()[["number"]] * 0
        X, new = frame.assign(c=series(column, kind)), frame.assign(c=series(["new"] * N, kind))
    model = default_model(X, classifier=True).fit(X, y)
    assert model.score(X, y) == 1.0
    boosting = model[-1] if hasattr(model, "steps") else model
    assert boosting.is_categorical_ is not None
    assert boosting.is_categorical_.sum() == 1
    assert len(model.predict(new)) == N


def learns(X, y, new=None, classifier=True):
    """Return the default model's score on the second half of the rows, fitted on the first."""
    model, half = default_model(X, classifier=classifier), len(y) // 2
    with threadpool_limits(1):  # the data are tiny, and threads wait for each other
        model.fit(X[:half], y[:half])
        if new is not None:
            assert len(model.predict(new)) == len(new)
        return model.score(X[half:], y[half:])


def noise(n=N):
    return np.random.RandomState(1).normal(size=n)


def test_almost_numbers_are_numbers():
    """Check that a tenth of marks in a column costs little, and is told in one warning."""
    values = noise()
    column = np.where(LEVELS % 10 == 0, "?", values.round(3).astype(str))
    with pytest.warns(UserWarning, match="interprets columns of X as follows") as caught:
        score = learns(pandas_frame(c=column), values > 0)
    assert score > 0.9
    assert [str(warning.message) for warning in caught] == [
        "The default model interprets columns of X as follows: 'c' is read as numbers, with "
        "missing values '?'"
    ]


def test_identifiers_are_left_out():
    """Check that an identifier that tells the class of each row in fit is no feature."""
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame({"id": range(N), "code": [f"k{i}" for i in range(N)], "x": noise()})
    message = (
        "'id' is left out as an identifier: no two rows have the same value; "
        "'code' is left out as an identifier: no two rows have the same value"
    )
    with pytest.warns(UserWarning, match=message):
        model = default_model(X, classifier=True)
    assert model.fit(X, LEVELS < 200)[-1].n_features_in_ == 1


def test_warning_of_positions():
    """Check that a column of an array is called a column, not only a number."""
    X = np.array([[f"k{i}", i % 3] for i in range(40)], dtype=object)
    with pytest.warns(UserWarning, match=": column 0 is left out as an identifier"):
        default_model(X, classifier=True)


def test_many_notes():
    """Check that a warning does not grow with the number of columns."""
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame({f"c{i}": ["1", "?"] * 10 for i in range(9)})
    with pytest.warns(UserWarning, match="'c4' is read as numbers, .*; and 4 more$"):
        default_model(X, classifier=True)


def test_nothing_to_tell_of_ordinary_columns():
    """Check that text, dates and columns without any value are no reason for a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X = pandas_frame(a=text(5), b=sentences(), c=None, d=dates(), e=text_of_numbers())
        model = default_model(X, classifier=True)
    taken = {name: columns for name, _, columns in model.named_steps["columns"].transformers}
    assert taken == {
        "categories": ["a"],
        "numbers": ["number", "integer", "boolean", "flag", "e"],
        "dates": ["d"],
        "texts": ["b"],
        "empty": ["c"],
    }


def test_dates_are_used():
    """Check that the weekday and the time that has passed decide."""
    days = dates()
    assert learns(pandas_frame(c=days, n=noise()), days.day_of_week > 3) > 0.95
    shuffled = np.random.RandomState(0).permutation(N)
    X = pandas_frame(c=days[shuffled])
    assert learns(X, shuffled / 3.0, classifier=False) > 0.95


def test_free_text_is_used():
    """Check that one word among many decides, in a frame and in an array."""
    column = sentences()
    y = np.array(["kua" in value.split() or "bea" in value.split() for value in column])
    assert 0.1 < y.mean() < 0.4
    assert learns(pandas_frame(c=column), y) > 0.95
    assert learns(column.reshape(-1, 1), y) > 0.95


def test_numbers_alone_are_left_to_the_model():
    """Check that nothing stands before the model where it takes the columns as they are."""
    for X in (
        noise().reshape(-1, 2),
        pandas_frame(),
        polars_frame(),
        noise().reshape(-1, 2).tolist(),
    ):
        assert repr(default_model(X, classifier=False)) == "HistGradientBoostingRegressor()"


NEW = {
    "other types": lambda pd: {"a": [1, 2.5, None], "b": ["7", "x", None], "c": ["2020-01-01"] * 3},
    "nothing": lambda pd: {
        "a": None,
        "b": np.nan,
        "c": pd.NaT,
        "d": [None] * 3,
        "e": np.nan,
        "f": None,
    },
    "categories": lambda pd: {name: pd.Categorical(["u", "v", "u"]) for name in "abcdef"},
    "numbers": lambda pd: {name: [1, 2, 3] for name in "abcdef"},
    "booleans": lambda pd: {name: [True, False, True] for name in "abcdef"},
    "missing of pandas": lambda pd: {name: pd.array([1, None, 3], "Int64") for name in "abcdef"},
    "earlier dates": lambda pd: {"c": pd.to_datetime(["1900-01-01"] * 3).tz_localize("UTC")},
    "other order": lambda pd: {"z": [1] * 3},
}


@pytest.mark.parametrize("make", NEW.values(), ids=NEW)
def test_new_rows_of_other_types(make):
    """Check that values of types that the columns did not have in fit are no error."""
    pd = pytest.importorskip("pandas")
    known = {"a": text(5), "b": text_of_numbers(), "c": dates(), "d": sentences(), "e": LEVELS / 3}
    X = pd.DataFrame({**known, "f": categories(5)})
    new = X[:3].assign(**make(pd))[[*"fedcba"]]
    learns(X, LEVELS % 2, new)


def test_categories_without_a_value_in_new_rows():
    """Check that a batch in which all values of a category are missing is no error."""
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame({"c": categories(5)})
    model = default_model(X, classifier=True).fit(X, LEVELS % 2)
    for values in ([np.nan] * 3, pd.Categorical([None] * 3), [1, 2, 3], ["new", None, "level 1"]):
        assert len(model.predict(pd.DataFrame({"c": values}))) == 3


def test_many_categories_are_told_by_the_mean_of_the_target():
    """Check that categories of some rows each are learnt though no split can take all apart."""
    effects = np.random.RandomState(0).permutation(N // 5) / N
    codes = LEVELS % (N // 5)
    X = np.array([[f"c{code}"] for code in codes], dtype=object)
    assert learns(X, effects[codes], classifier=False) > 0.6


RECORDS = "X must have rows and columns; got an array of shape"
FRAME = "make a frame of the records, such as pandas.DataFrame(X)"


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(9), "X must have rows and columns; got an array of shape (9,)"),
        (np.zeros((9, 2, 2)), "X must have rows and columns; got an array of shape (9, 2, 2)"),
        ([[1], [1, 2]], "X must have rows and columns; got an array of shape (2,)"),
        ([{"a": 1}, {"a": 2}], f"{RECORDS} (2,); {FRAME}"),
        (np.zeros(9, dtype=[("a", int), ("b", float)]), f"{RECORDS} (9,); {FRAME}"),
        ([np.ones((2, 2)), np.ones((2, 3))], "X must have rows of the same length"),
        (
            np.zeros((9, 0)),
            "X must have a column to learn from; got 0 feature(s) (shape=(9, 0)) while a minimum "
            "of 1 is required.",
        ),
        (
            [[None, "?"], ["", "?"]],
            "X must have a column to learn from; column 0 is left out: no values but ''; "
            "column 1 is left out: no values but '?'",
        ),
    ],
    ids=str,
)
def test_nothing_to_learn_from(X, message):
    """Check that data without rows, columns or values are refused in one sentence."""
    with pytest.raises(ValueError, match="X must have") as error:
        default_model(X, classifier=True)
    assert str(error.value) == message


def test_large_sparse_matrices_are_reduced(monkeypatch):
    """Check that a sparse matrix is made dense as it is only where it is small."""
    X = sparse.random_array((N, 300), density=0.05, rng=np.random.RandomState(0), format="csr")
    y = X[:, [7]].toarray().ravel() > 0
    assert default_model(X, classifier=True).fit(X, y)[-1].n_features_in_ == 300
    monkeypatch.setattr(_model, "_MAX_DENSE", 1000)
    assert default_model(X, classifier=True).fit(X, y)[-1].n_features_in_ == 80
    assert learns(X, y) == 1.0


@settings(max_examples=40)
@given(raw_frames())
def test_any_raw_frame(frames):
    """Check that any frame is fitted and new rows of it predicted, or refused in a sentence."""
    X, new = frames
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The default model interprets columns", UserWarning)
        try:
            model = default_model(X, classifier=True)
        except (TypeError, ValueError) as error:
            refusal = str(error)
        else:
            refusal = ""
    if refusal:
        assert "column" in refusal
        assert "\n" not in refusal
        return
    prefix = "model__" if hasattr(model, "steps") else ""
    with threadpool_limits(1):  # as above
        model.set_params(**{f"{prefix}max_iter": 2}).fit(X, np.arange(len(X)) % 2)
        assert len(model.predict(new)) == len(new)
    if prefix:
        names = model[:-1].get_feature_names_out()
        assert len(names) == len(set(names)) == model[-1].n_features_in_
