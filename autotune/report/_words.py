"""The sentences of the report, for readers who know nothing about tuning."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..ensembles import AveragedClassifier, AveragedRegressor
from ..history import COMPLETE, CRASHED, DROPPED, FAILED, INTERRUPTED, RUNNING, TIMEOUT
from ..pictures import Search
from ..results import count, score_text, seconds_text
from ._facts import Facts
from ._space import BOUND
from ._texts import listed

STATUS_WORDS = {
    COMPLETE: "complete",
    DROPPED: "stopped early",
    FAILED: "failed",
    CRASHED: "crashed",
    TIMEOUT: "too slow",
    INTERRUPTED: "cut short",
    RUNNING: "cut short",
}
_STILL_GAINING = 0.2  # of the trials, after the best one


def verdict(facts: Facts) -> str:
    """Return the result of the search in one sentence."""
    outcome, label, chosen = facts.outcome, facts.search.label, facts.chosen
    tuned, untuned = score_text(outcome.tuned), score_text(outcome.untuned)
    if facts.search.winner is None and facts.study is not None:
        return "No trial that may win is complete."
    if facts.search.winner is None:
        return "No trial was chosen, because refit does not say which metric decides."
    if outcome.is_default and np.isnan(outcome.tuned):
        return f"No trial ended within the budget, so the untuned {chosen} was kept."
    if outcome.is_default:
        kept = f"so it was kept: {label} {tuned}."
        return f"Nothing that was tried beat the untuned {chosen}, {kept}"
    if np.isnan(outcome.gain):
        return (
            f"The best {chosen} has {label} {tuned}. There is no score of the untuned model "
            "to compare it with."
        )
    words = f"{label} {tuned} instead of {untuned}"
    if outcome.gain > 0 and chosen == facts.untuned:
        return f"Tuning made the {chosen} better: {words} without tuning."
    if outcome.gain > 0:
        return f"The tuned {chosen} is better than the untuned {facts.untuned}: {words}."
    if outcome.gain < 0:
        return f"The chosen {chosen} is worse than the untuned {facts.untuned}: {words}."
    return f"The tuned {chosen} is as good as the untuned {facts.untuned}: {label} {tuned}."


def final_model(facts: Facts) -> list[str]:
    """Return what the final model averages, nothing if it is a single model."""
    model, winner = facts.model, facts.search.winner
    if not isinstance(model, AveragedClassifier | AveragedRegressor):
        return []
    n_models, n_members = len(model.estimators_), len(facts.search.weights)
    if not n_members:
        return [
            f"The final model is the average of the {n_models} models that were fitted on the "
            f"folds of trial {winner}."
        ]
    each = "" if n_models == n_members else ", each the average of the models of its folds"
    return [
        f"The final model is a weighted average of {n_members} trials{each}: "
        f"{listed(members(facts.search))}. On rows that were left out, it did better than trial "
        f"{winner} alone, whose scores are shown here. What to expect on new data is told of the "
        "average."
    ]


def members(search: Search) -> list[str]:
    """Return the trials that the final model averages, the one with the largest weight first."""
    return [
        f"{weight:.0%} {search.model_of(search.history[number])} (trial {number})"
        for number, weight in sorted(search.weights.items(), key=lambda item: -item[1])
    ]


def source(facts: Facts) -> list[str]:
    """Return where what a storage file does not hold can be had."""
    study = facts.study
    if study is None:
        return []
    ranges = "" if facts.search.bounded else " The ranges are those of the values that were tried."
    return [
        f"This is search {study.number} in {study.path}, begun {study.created}"
        f"{', which is still running' if study.is_running else ''}. The file holds trials but no "
        "model: the trial with the best score is taken for the chosen one, and left out are the "
        "score to expect on new data, advice about bounds, and the model as code. The same fit "
        f"with this storage evaluates nothing again, and its report has them.{ranges}"
    ]


def certainty(facts: Facts) -> list[str]:
    """Return how certain the gain is, and what to expect on new data."""
    outcome, texts = facts.outcome, []
    if np.isfinite(outcome.expected):
        low, high = score_text(outcome.low), score_text(outcome.high)
        texts.append(
            f"On new data of the same kind expect about {score_text(outcome.expected)}, and with "
            f"95 % confidence between {low} and {high}. That allows for two things: the best of "
            "many trials is partly lucky, and every score is measured on a limited number of rows."
        )
    elif facts.study is not None:
        texts.append("What to expect on new data takes more than a storage file holds.")
    elif facts.search.winner is not None:
        texts.append(
            "What to expect on new data is not known: that takes at least two folds, and a model "
            "that was chosen by its score."
        )
    if outcome.n_folds > 1 and not outcome.is_default:
        texts.append(
            f"Every model was trained and tested on {outcome.n_folds} different splits of the "
            "data (folds). The tuned model was better than the untuned one on "
            f"{outcome.n_better} of {outcome.n_folds}."
        )
    if outcome.gain > 0 and _may_be_chance(facts):
        texts.append("The gain is small beside the uncertainty: it may be chance.")
    return texts


def _may_be_chance(facts: Facts) -> bool:
    """Return whether the untuned score lies inside the interval of the tuned model's."""
    outcome = facts.outcome
    return outcome.low <= outcome.untuned <= outcome.high


def effort(facts: Facts) -> list[str]:
    """Return what was tried."""
    history = facts.search.history
    counts = Counter[str]()
    for status, word in STATUS_WORDS.items():
        counts[word] += facts.statuses.get(status, 0)
    words = [f"{number} {word}" for word, number in counts.items() if number]
    tried = f"{count(len(history), 'configuration')} of {listed(facts.models, 'or')}"
    texts = [
        f"{tried} in {seconds_text(facts.seconds)}, by the strategy {facts.strategy!r}: "
        f"{listed(words)}. The measure is {facts.search.label}."
    ]
    if facts.statuses.get(DROPPED):
        texts.append(
            "A trial is stopped early when its first results leave it no realistic chance; that "
            "saves time for others."
        )
    if np.isfinite(facts.predict_seconds.get("final", np.nan)):
        final, single = (1e6 * facts.predict_seconds[name] for name in ("final", "single"))
        beside = "" if final == single else f", with a single model {single:.3g} µs"
        texts.append(f"Predicting a row takes about {final:.3g} µs{beside}.")
    if history.share < 1.0:
        texts.append(f"To save time, the search used {history.share:.0%} of the rows.")
    if len(history.compared_folds) < history.n_folds:
        used = len(history.compared_folds)
        texts.append(f"To save time, trials were compared on {used} of {history.n_folds} folds.")
    return texts


def limits(facts: Facts) -> list[str]:
    """Return what limited the search."""
    texts = [finding.text for finding in facts.findings]
    n_failed = sum(len(cause.trials) for cause in facts.causes)
    if n_failed:
        texts.append(
            f"{n_failed} of {count(len(facts.search.history), 'trial')} had errors; see the "
            "failures below."
        )
    if facts.statuses.get(TIMEOUT) and not facts.budget.seconds_per_trial:
        slow = count(facts.statuses[TIMEOUT], "trial")
        texts.append(f"{slow} took too long for the budget.")
    cut = facts.statuses.get(RUNNING, 0) + facts.statuses.get(INTERRUPTED, 0)
    if cut and facts.study is None:
        texts.append(f"The end of the budget cut {count(cut, 'trial')} short.")
    elif cut:
        texts.append(f"{count(cut, 'trial')} had not ended when the file was read.")
    if _is_still_gaining(facts):
        budget = "the budget" if facts.study else f"the budget ({budget_text(facts)})"
        texts.append(
            f"The best trial was one of the last ({facts.since_best} came after it), so {budget} "
            "may have ended the search too early."
        )
    return texts or ["No limits were found."]


def advice(facts: Facts) -> list[str]:
    """Return what to try next."""
    texts = [f"{finding.parameter}: {finding.advice}" for finding in facts.findings]
    if _is_still_gaining(facts):
        texts.append("Allow a larger budget: the search was still finding better ones.")
    elif facts.since_best and not any(finding.kind == BOUND for finding in facts.findings):
        texts.append(
            f"More of the same will hardly help: the last {count(facts.since_best, 'trial')} "
            "brought nothing better. Other columns, more rows or another kind of model may."
        )
    if facts.outcome.gain > 0 and _may_be_chance(facts):
        texts.append(
            "To be surer of the gain, measure it on rows that took no part, or with more folds "
            "(cv=10, or RepeatedKFold)."
        )
    return texts or ["Nothing in particular."]


def _is_still_gaining(facts: Facts) -> bool:
    """Return whether the best trial is among the last."""
    n = facts.statuses.get(COMPLETE, 0)
    has_gained = facts.search.winner is not None and not facts.outcome.is_default
    return has_gained and n > 4 and facts.since_best < _STILL_GAINING * n


def budget_text(facts: Facts) -> str:
    """Return the budget with its units."""
    budget = facts.budget
    parts = [count(budget.trials, "trial")] if budget.trials else []
    parts += [seconds_text(budget.seconds)] if budget.seconds else []
    return " or ".join(parts) or f"the usual one, {count(facts.n_ended, 'trial')} here"
