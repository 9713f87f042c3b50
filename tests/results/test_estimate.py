"""What is expected on new data."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from fakes import add_trial
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, ShuffleSplit

from autotune import AutoTunedClassifier, AutoTunedRegressor
from autotune._texts import short_repr
from autotune.history import DROPPED, FAILED, History
from autotune.results._estimate import (
    expect,
    half_width,
    least_half_width,
    unbiased_mean,
)
from autotune.results._metric import Metric

N_RUNS = 150


def make_history(scores):
    """Return a history with these fold scores, and folds to go with them.

    A trial is complete, or dropped where scores are missing at its end.
    """
    history = History(scores.shape[1])
    for row in scores.tolist():
        trial = add_trial(history, {}, [score for score in row if np.isfinite(score)])
        if len(trial.evaluations) < len(row):
            history.set_status(trial, DROPPED)
    return history, list(KFold(scores.shape[1]).split(np.zeros(20 * scores.shape[1])))


def simulate(n_trials, n_folds, spread, common):
    """Return the errors of the best mean, of the expectation, and how often the interval held.

    Trials have a true score, with a deviation of ``spread``; the noise of a mean over the folds
    is 1, and ``common`` is the part of it that all trials share.
    """
    rng = np.random.RandomState(0)
    best, expected, covered = [], [], []
    for _ in range(N_RUNS):
        truth = spread * rng.randn(n_trials)
        own = np.sqrt(1 - common) * rng.randn(n_trials, n_folds)
        noise = np.sqrt(n_folds) * (own + np.sqrt(common) * rng.randn(n_folds))
        history, folds = make_history(truth[:, None] + noise)
        winner = max(history, key=history.score)
        score, (low, high) = expect(history, winner, folds)
        best.append(history.score(winner) - truth[winner.number])
        expected.append(score - truth[winner.number])
        covered.append(low <= truth[winner.number] <= high)
    return np.mean(best), np.mean(expected), np.mean(covered)


@pytest.mark.parametrize("n_folds", [3, 5, 7])
def test_of_noise_nothing_is_expected(n_folds):
    """Check that among 40 trials of equal worth the best mean is biased, the expectation not."""
    best, expected, covered = simulate(40, n_folds, spread=0, common=0)
    assert best > 1.9
    assert abs(expected) < 0.2
    assert covered > 0.95


@pytest.mark.parametrize("common", [0, 0.7])
def test_of_real_differences_little_is_lost(common):
    """Check that where trials differ in worth, the expectation is at most a bit pessimistic."""
    best, expected, covered = simulate(40, 5, spread=1, common=common)
    assert best > (1.3 if common == 0 else 0.5)
    assert -0.5 < expected < 0.1
    assert covered > 0.95


def brute_force(scores):
    """Return the corrected mean of the best trial, from each sequence of draws by itself."""
    n_folds = scores.shape[1]
    level = scores[np.isfinite(scores).all(axis=1)].mean(axis=0)
    found = []
    for draws in product(range(n_folds), repeat=n_folds):
        left_out = [fold for fold in range(n_folds) if fold not in draws]
        gains = {}
        for row in scores - level:
            seen = [row[fold] for fold in draws if np.isfinite(row[fold])]
            unseen = [row[fold] for fold in left_out if np.isfinite(row[fold])]
            if seen and unseen:
                gains[np.mean(seen)] = np.mean(unseen)
        if gains:
            found.append(gains[max(gains)] + level[left_out].mean())
    return np.mean(found)


@pytest.mark.parametrize("n_folds", [2, 3, 4])
@pytest.mark.parametrize("missing", [False, True])
def test_all_resamples_are_counted(n_folds, missing):
    """Check that the bootstrap is exact: the mean over all sequences of draws."""
    rng = np.random.RandomState(n_folds)
    scores = rng.randn(6, n_folds)
    if missing:
        scores[:3, 1:] = np.nan
        scores[3, :-1] = np.nan
    assert unbiased_mean(scores) == pytest.approx(brute_force(scores))


def test_too_many_resamples_are_sampled():
    """Check that with ten folds a sample of all resamples comes close to the exact value."""
    scores = np.zeros((2, 10))
    scores[1, 0] = 1.0
    # The second wins if fold 0 is drawn and then scores 0; else the first does, whose score is 0.
    assert unbiased_mean(scores) == pytest.approx(0.0)
    scores[0] = 0.05
    # Now that is 0.05.
    assert unbiased_mean(scores) == pytest.approx(0.05 * 0.9**10, abs=0.003)


def race(scores):
    """Return scores without those after which a trial can hardly beat the best one any more.

    The variance of a score is the number of folds.
    """
    raced, best, n_folds = scores.copy(), scores[0], scores.shape[1]
    for row in raced[1:]:
        for m in range(1, n_folds):
            if np.mean(row[:m] - best[:m]) + 2 * np.sqrt(2 * (n_folds - m) / m) < 0:
                row[m:] = np.nan
                break
        if row.mean() > best.mean():
            best = row
    return raced


def test_dropped_rivals_count():
    """Check that the best of a race is overrated if the trials that it dropped are ignored."""
    rng = np.random.RandomState(0)
    with_all, without = [], []
    for _ in range(N_RUNS):
        raced = race(np.sqrt(6) * rng.randn(40, 6))
        with_all.append(unbiased_mean(raced))
        without.append(unbiased_mean(raced[np.isfinite(raced).all(axis=1)]))
    assert np.mean(without) > 0.25
    assert abs(np.mean(with_all)) < 0.2


def test_who_is_a_rival():
    """Check that a dropped trial counts by the folds that it has, a failed one does not."""
    scores = np.array([[0.8, 0.6, 0.7], [0.5, 0.7, 0.9], [0.9, 0.5, np.nan]])
    history, folds = make_history(scores)
    with_all = expect(history, history[0], folds)[0]
    assert with_all == pytest.approx(unbiased_mean(scores))
    history.set_status(history[2], FAILED)
    without = expect(history, history[0], folds)[0]
    assert without == pytest.approx(unbiased_mean(scores[:2]))
    assert with_all < without


def test_without_a_choice_the_mean_is_expected():
    """Check that one trial alone, or one far above all others, keeps its mean."""
    scores = np.array([[0.7, 0.9, 0.8]])
    history, folds = make_history(scores)
    assert expect(history, history[0], folds)[0] == pytest.approx(0.8)
    assert unbiased_mean(np.vstack([scores - 9, scores])) == pytest.approx(0.8)


@pytest.mark.parametrize("seed", range(20))
def test_never_above_the_winner(seed):
    """Check that no more is expected than the winner's mean, and the interval is around it."""
    rng = np.random.RandomState(seed)
    history, folds = make_history(rng.randn(rng.randint(1, 6), rng.randint(2, 6)))
    for trial in history:
        expected, (low, high) = expect(history, trial, folds)
        assert expected <= history.score(trial)
        assert (low + high) / 2 == pytest.approx(expected)
        assert high - low > 0


def test_the_corrected_interval():
    """Check the interval against Nadeau and Bengio's formula by hand."""
    # s^2 = 1, n = 3, t(0.975, 2) = 4.3027; the variance of the mean is 1 (1/3 + 1/2).
    assert half_width(np.array([1.0, 2.0, 3.0]), 0.5) == pytest.approx(4.302653 * np.sqrt(5 / 6))


def test_an_accuracy_is_no_surer_than_its_rows():
    """Check the binomial interval where the folds' scores do not differ."""
    history, folds = make_history(np.full((1, 5), 0.8))
    assert expect(history, history[0], folds)[1] == pytest.approx((0.8, 0.8))
    low, high = expect(history, history[0], folds, Metric("accuracy"))[1]
    # Agresti and Coull: (80 + 1.9208) / (100 + 3.8415) = 0.7889; 1.96 sqrt(0.7889 0.2111 / 103.84)
    assert (high - low) / 2 == pytest.approx(0.07849, abs=1e-4)
    assert least_half_width(1.0, 100) > 0


@pytest.mark.parametrize(
    "scores", [[0.5], [np.nan, 0.5], [np.inf, 0.5]], ids=["one fold", "NaN", "infinite"]
)
def test_nothing_to_go_by(scores):
    """Check that without two finite folds nothing is said."""
    history = History(len(scores))
    add_trial(history, {}, scores)
    folds = list(KFold(2).split(np.zeros(4)))
    expected, interval = expect(history, history[0], folds)
    assert np.isnan([expected, *interval]).all()


def test_huge_scores():
    """Check that scores whose squares are infinite raise no warning."""
    history, folds = make_history(np.array([[1e200, 2e200], [-1e300, 1e300]]))
    expected, (low, high) = expect(history, history[0], folds)
    assert np.isfinite(expected)
    assert (low, high) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("scoring", "end"), [(None, 1.0), ("f1_macro", 1.0), ("neg_log_loss", 0.0)]
)
def test_the_interval_ends_where_the_metric_does(scoring, end):
    """Check that no value is expected that the metric cannot have."""
    X, y = make_classification(40, class_sep=2.0, random_state=1)
    settings = {"scoring": scoring, "strategy": "random", "budget": 3, "random_state": 0}
    model = AutoTunedClassifier(LogisticRegression(), **settings).fit(X, y)
    low, high = model.expected_score_interval_
    assert low < model.expected_score_ <= high == end


def fitted(**settings):
    rng = np.random.RandomState(0)
    x = rng.randn(40, 3)
    y = x[:, 0] + rng.randn(40)
    settings = {"strategy": "random", "budget": 8, "random_state": 0, **settings}
    return AutoTunedRegressor(Ridge(), **settings).fit(x, y)


@pytest.mark.parametrize("strategy", ["auto", "grid", "random"])
def test_the_attributes(strategy):
    """Check that fit tells what to expect with every strategy."""
    model = fitted(strategy=strategy)
    low, high = model.expected_score_interval_
    assert low < model.expected_score_ < high
    assert model.expected_score_ <= model.best_score_


@pytest.mark.parametrize(
    ("settings", "known"),
    [
        ({"refit": False}, True),
        ({"scoring": ["r2", "neg_max_error"], "refit": "r2"}, True),
        ({"scoring": ["r2", "neg_max_error"], "refit": False}, False),
        ({"refit": lambda results: 0}, False),
    ],
    ids=short_repr,  # without addresses, which differ between processes
)
def test_where_one_metric_decides(settings, known):
    """Check that nothing is said where no metric decides."""
    assert hasattr(fitted(**settings), "expected_score_") == known


def test_a_single_split():
    """Check that one fold leaves the expectation open, without a warning."""
    model = fitted(cv=ShuffleSplit(1, random_state=0), strategy="auto")
    assert np.isnan([model.expected_score_, *model.expected_score_interval_]).all()
