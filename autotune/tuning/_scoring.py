"""Scorers, and the routing of metadata to the model, the scorers and the splitter."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from inspect import Parameter, isbuiltin, signature
from itertools import compress
from typing import Any

from sklearn.metrics import check_scoring, get_scorer, get_scorer_names
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from .._texts import short_repr, warn
from ..compat import describe_scorer, metric_of, routing_enabled, takes_weights

_BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class Scoring:
    """How evaluations are scored.

    Attributes
    ----------
    scorer : callable
        Returns a number, or a dict of numbers for several metrics.
    named : dict of str to callable, or None
        The scorers of several metrics.
    metric : str or None
        The deciding metric; None if it is known only after the first call of the scorer.
    """

    scorer: Any
    named: dict[str, Any] | None
    metric: str | None

    @property
    def deciding(self) -> Any:
        """The scorer of the deciding metric; for a callable with several metrics, the callable."""
        if self.named is None or self.metric not in self.named:
            return self.scorer
        return self.named[self.metric]

    @property
    def each(self) -> dict[str, Any]:
        """The scorers, by what messages call them."""
        if self.named is None:
            return {"scoring": self.scorer}
        return {f"scoring[{name!r}]": scorer for name, scorer in self.named.items()}


def make_scoring(
    estimator: Any, scoring: Any, refit: Any, *, raise_errors: bool = False
) -> Scoring:
    """Return the scorers for the parameters ``scoring`` and ``refit``.

    A scorer of several metrics reports failures of single ones, unless ``raise_errors``.
    """
    if scoring is None or isinstance(scoring, str):
        if scoring is not None:
            _check_known("scoring", scoring)
        return Scoring(check_scoring(estimator, scoring), None, "score")
    if callable(scoring):
        check_scorer("scoring", scoring)
        return Scoring(scoring, None, refit if isinstance(refit, str) else None)
    if isinstance(scoring, dict):
        for name, one in scoring.items():
            if callable(one):
                check_scorer(f"scoring[{name!r}]", one)
            else:
                _check_known(f"scoring[{name!r}]", one)
        named = {name: check_scoring(estimator, one) for name, one in scoring.items()}
    else:
        for name in _check_names(scoring):
            _check_known("scoring", name)
        named = {name: get_scorer(name) for name in scoring}
    if not named:
        raise ValueError(f"scoring must name at least one metric; got {short_repr(scoring)}")
    check_refit(refit, named)
    scorer = check_scoring(estimator, named, raise_exc=raise_errors)
    return Scoring(scorer, named, refit if isinstance(refit, str) else next(iter(named)))


def _check_known(where: str, name: Any) -> None:
    """Refuse unknown scorer names, and suggest a similar one."""
    known = get_scorer_names()
    if isinstance(name, str) and name in known:
        return
    close = _similar(name, known) if isinstance(name, str) else []
    hint = f": did you mean {close[0]!r}?" if close else ""
    raise (ValueError if isinstance(name, str) else TypeError)(
        f"{where} must be a callable or a name that sklearn.metrics.get_scorer_names() lists; "
        f"got {short_repr(name)}{hint}"
    )


def _similar(name: str, known: list[str]) -> list[str]:
    """Return the scorers with given initials, as in "rmse", or else with the most similar name."""
    words = {other: other.removeprefix("neg_").split("_") for other in known}
    initials = ("".join(word[0] for word in words[other]) == name.lower() for other in known)
    return list(compress(known, initials)) or get_close_matches(name, known, n=1)


def check_scorer(where: str, scorer: Any) -> None:
    """Refuse callables that are not scorers, such as metrics, before anything is fitted."""
    rule = f"{where} must be a scorer, which is called with (estimator, X, y)"
    shown = getattr(scorer, "__name__", None) or short_repr(scorer)
    if isinstance(scorer, type):
        raise TypeError(f"{rule}; got the class {shown}: pass an object of it")
    function: Any = scorer
    options: dict[str, Any] = {}
    while isinstance(function, partial):
        function, options = function.func, {**function.keywords, **options}
    if isbuiltin(function) and _root(function) in sys.stdlib_module_names:
        raise TypeError(f"{rule}; got the built-in function {shown}")
    try:
        parameters = signature(scorer).parameters
    except Exception:  # compiled code without a signature, or the scorer's own methods
        return
    if _is_metric(function, list(parameters.values())):
        raise TypeError(
            f"{rule}; got {shown}, which looks like a metric of (y_true, y_pred): write "
            f"{_as_scorer(function, options)}"
        )
    if not _takes_three(list(parameters.values())):
        raise TypeError(f"{rule}; got {shown}, which takes ({', '.join(parameters)})")


def _is_metric(function: Any, parameters: list[Parameter]) -> bool:
    """Return whether a function looks like one of targets and predictions."""
    if _root(function) in ("numpy", "scipy"):
        return True
    module = getattr(function, "__module__", None) or ""
    if module.startswith("sklearn.metrics.") and not module.startswith("sklearn.metrics._scorer"):
        return True
    places = [p for p in parameters if p.kind in _BY_POSITION]
    first, second, third = [*(p.name.lower() for p in places), "", "", ""][:3]
    if first == "y" or first.startswith(("y_", "ytrue")):
        return True
    if third:  # the target of a scorer, an option of a metric
        default = places[2].default
        if "weight" in third or not (default is None or default is Parameter.empty):
            return True
        if default is Parameter.empty or third.startswith(("y", "target")):
            return False
    return "pred" in second and not second.startswith("x")


def _root(function: Any) -> str:
    """Return the package that a function comes from."""
    return (getattr(function, "__module__", None) or type(function).__module__).partition(".")[0]


def _as_scorer(function: Any, options: dict[str, Any]) -> str:
    """Return the code that turns a metric into a scorer."""
    name = getattr(function, "__name__", "metric")
    settings = {"greater_is_better": False} if name.endswith(("_error", "_loss")) else {}
    for scorer in map(get_scorer, get_scorer_names()):
        known = metric_of(scorer)
        if known is not None and known[0] is function:
            described = describe_scorer(scorer)
            settings = described[1] if described is not None else {}
            break
    kept = {k: v for k, v in settings.items() if k in ("greater_is_better", "response_method")}
    arguments = [name, *(f"{k}={short_repr(v)}" for k, v in {**options, **kept}.items())]
    return f"make_scorer({', '.join(arguments)})"


def _takes_three(parameters: list[Parameter]) -> bool:
    """Return whether parameters accept exactly three positional arguments.

    Metadata, which are passed by name, may be required.
    """
    places = [p for p in parameters if p.kind in _BY_POSITION]
    if len(places) < 3 and not any(p.kind is Parameter.VAR_POSITIONAL for p in parameters):
        return False
    by_name = [*places[3:], *(p for p in parameters if p.kind is Parameter.KEYWORD_ONLY)]
    needed = {p.name for p in by_name if p.default is Parameter.empty}
    return routing_enabled() or needed <= {"sample_weight"}


def _check_names(scoring: Any) -> list[str]:
    """Return a list of distinct metric names, or raise an error."""
    rule = "scoring must be a name, a callable, a list of distinct names or a dict of scorers"
    if not isinstance(scoring, list | tuple | set) or not all(isinstance(n, str) for n in scoring):
        raise TypeError(f"{rule}; got {short_repr(scoring)}")
    if len(set(scoring)) < len(scoring):
        raise ValueError(f"{rule}; got {short_repr(scoring)}")
    return list(scoring)


def check_refit(refit: Any, metrics: Any) -> None:
    """Check that ``refit`` says which of several metrics decides, or how."""
    if refit is False or callable(refit) or (isinstance(refit, str) and refit in metrics):
        return
    raise ValueError(
        "For multi-metric scoring, refit must be the name of a scorer, a callable that "
        f"returns the index of the winner, or False; got refit={short_repr(refit)}, "
        f"the scorers are {', '.join(map(repr, metrics))}"
    )


@dataclass(frozen=True)
class Routed:
    """Metadata by recipient, and as they were given."""

    fit: dict[str, Any]
    score: dict[str, Any]
    split: dict[str, Any]
    given: dict[str, Any]


def route(owner: Any, estimators: dict[str, Any], scoring: Scoring, params: dict) -> Routed:
    """Return the metadata of ``fit`` by recipient."""
    if routing_enabled():
        routed = process_routing(owner, "fit", **params)
        fits = [routed[name].fit for name in estimators]
        if any(fit.keys() != fits[0].keys() for fit in fits):
            raise ValueError(
                "estimator is a list, so with metadata routing all of them must request the "
                f"same metadata; got {[sorted(fit) for fit in fits]}"
            )
        return Routed(
            dict(fits[0]), dict(routed.scorer.score), dict(routed.splitter.split), dict(params)
        )
    fit = dict(params)
    groups = fit.pop("groups", None)
    return Routed(fit, route_to_scorers(owner, scoring, fit), {"groups": groups}, dict(params))


def route_to_scorers(owner: Any, scoring: Scoring, given: dict[str, Any]) -> dict[str, Any]:
    """Return those of the metadata of ``fit`` that scorers use, also other scorers than its own."""
    if routing_enabled():
        router = MetadataRouter(owner=owner)
        router.add(scorer=scoring.scorer, method_mapping=_from_fit("score"))
        used = router.consumes("fit", given)
        routed = process_routing(router, "fit", **{name: given[name] for name in used})
        return dict(routed.scorer.score)
    weights = given.get("sample_weight")
    uses_weights = weights is not None and _all_accept_weights(scoring, owner)
    return {"sample_weight": weights} if uses_weights else {}


def _all_accept_weights(scoring: Scoring, owner: Any) -> bool:
    """Return whether any scorer accepts ``sample_weight``; warn of those that do not."""
    accepting = []
    for name, scorer in (scoring.named or {"score": scoring.scorer}).items():
        accepting.append(takes_weights(scorer))
        if not accepting[-1]:
            warn(
                f"The scoring {name}={scorer} does not support sample_weight, so "
                f"{type(owner).__name__} scores without the weights that it fits with.",
            )
    return any(accepting)


def make_router(owner: Any, estimators: dict[str, Any], scorer: Any, cv: Any) -> MetadataRouter:
    """Return the router of metadata: fit to fit, fit and score to score, fit to split."""
    router = MetadataRouter(owner=owner)
    for name, estimator in estimators.items():
        router.add(method_mapping=_from_fit("fit"), **{name: estimator})
    to_score = _from_fit("score").add(caller="score", callee="score")
    router.add(scorer=scorer, method_mapping=to_score)
    router.add(splitter=cv, method_mapping=_from_fit("split"))
    return router


def _from_fit(callee: str) -> MethodMapping:
    """Return the method mapping for metadata passed to ``fit`` of the owner."""
    mapping = MethodMapping()
    return mapping.add(caller="fit", callee=callee).add(caller="fit_transform", callee=callee)
