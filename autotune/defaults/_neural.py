"""Built-in search spaces: neural networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# auto-sklearn: 1 to 3 layers of 16 to 264 units, relu or tanh, alpha 1e-7..0.1,
#   learning_rate_init 1e-4..0.5; the winners of its second version lie in 1.5e-4..5e-4,
#   and far above 0.01 Adam seldom settles.
# hidden_layer_sizes: one choice for width and depth together, as the two trade.
_LAYERS = [(100,), (32,), (256,), (64, 64), (128, 128), (256, 128), (128, 128, 128)]


def _perceptron(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the space of a multi-layer perceptron; L-BFGS has no learning rate."""
    space: dict[str, Any] = {
        "hidden_layer_sizes": _LAYERS,
        "activation": ["relu", "tanh"],
        "alpha": (1e-7, 0.1, "log-uniform"),
    }
    if params.get("solver") != "lbfgs":
        space["learning_rate_init"] = (1e-4, 0.03, "log-uniform")
    return space


SPACES: dict[str, Any] = {
    "sklearn.MLPClassifier": _perceptron,
    "sklearn.MLPRegressor": _perceptron,
}
