"""Built-in search spaces: feature extraction and dimensionality reduction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._facts import Dense, UpTo

# Components are searched on a log scale, as the first ones matter most, and as many as there are
# rows and features at most.
_COMPONENTS = {"n_components": UpTo("size", 1, 100, "log-uniform")}
_GAMMA = (2.0**-10, 2.0**3, "log-uniform")
# The share of the variance that components explain needs no bound.
_VARIANCE = {"n_components": Dense((0.5, 0.999))}


def _pca(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of PCA: a share of the variance, or components where the user counts."""
    if params.get("svd_solver") == "arpack":  # takes fewer than there are
        return {}
    is_count = isinstance(params.get("n_components"), int)
    return _COMPONENTS if is_count or params.get("svd_solver") == "randomized" else _VARIANCE


def _kernel_pca(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of KernelPCA; a sigmoid kernel may have no components for a gamma."""
    gamma = {"gamma": _GAMMA} if params.get("kernel") == "rbf" else {}
    return gamma | {"n_components": UpTo("rows", 2, 100, "log-uniform")}


def _skewed_chi2(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of SkewedChi2Sampler: up from its value, which the least number limits."""
    skewedness = float(params.get("skewedness", 1.0))
    return {"skewedness": (skewedness, 100 * skewedness, "log-uniform")}


# alpha: scikit-learn's default is 1; the larger, the more zeros.
_SPARSE = {**_COMPONENTS, "alpha": (0.1, 10.0, "log-uniform")}
# Distances to so many centres are the features.
_CENTRES = {"n_clusters": UpTo("rows", 2, 100, "log-uniform")}
_NEIGHBOURS = {"n_neighbors": UpTo("other_rows", 3, 30, "log-uniform")}

SPACES: dict[str, Any] = {
    "sklearn.AdditiveChi2Sampler": {"sample_steps": (1, 3)},
    "sklearn.BernoulliRBM": {
        "learning_rate": (1e-3, 0.3, "log-uniform"),
        "n_components": (16, 256, "log-uniform"),
    },
    "sklearn.BisectingKMeans": _CENTRES,
    "sklearn.DictionaryLearning": _SPARSE,
    "sklearn.FactorAnalysis": _COMPONENTS,
    "sklearn.FastICA": _COMPONENTS,
    "sklearn.FeatureAgglomeration": {"n_clusters": UpTo("features", 2, 100, "log-uniform")},
    "sklearn.GaussianRandomProjection": {"n_components": UpTo("features", 1, 300, "log-uniform")},
    "sklearn.IncrementalPCA": _COMPONENTS,
    "sklearn.Isomap": _NEIGHBOURS,
    "sklearn.KMeans": _CENTRES,
    "sklearn.KernelPCA": _kernel_pca,
    "sklearn.LatentDirichletAllocation": {"n_components": (4, 64, "log-uniform")},
    "sklearn.LocallyLinearEmbedding": {"n_neighbors": UpTo("other_rows", 5, 30, "log-uniform")},
    "sklearn.MiniBatchDictionaryLearning": _SPARSE,
    "sklearn.MiniBatchKMeans": _CENTRES,
    "sklearn.MiniBatchNMF": _COMPONENTS,
    "sklearn.MiniBatchSparsePCA": _SPARSE,
    "sklearn.NMF": _COMPONENTS,
    "sklearn.NeighborhoodComponentsAnalysis": {
        "n_components": UpTo("features", 1, 100, "log-uniform")
    },
    "sklearn.Nystroem": {
        "gamma": _GAMMA,
        "n_components": UpTo("rows", 10, 300, "log-uniform"),
    },
    "sklearn.PCA": _pca,
    "sklearn.PLSSVD": {"n_components": UpTo("pairs", 1, 20)},
    "sklearn.PolynomialCountSketch": {"degree": (2, 3), "coef0": [0, 1]},
    "sklearn.RBFSampler": {"gamma": _GAMMA},
    "sklearn.RandomTreesEmbedding": {"max_depth": (2, 8)},
    "sklearn.SkewedChi2Sampler": _skewed_chi2,
    "sklearn.SparsePCA": _SPARSE,
    "sklearn.SparseRandomProjection": {"n_components": UpTo("features", 1, 300, "log-uniform")},
    "sklearn.TruncatedSVD": {"n_components": UpTo("features", 2, 100, "log-uniform")},
}
