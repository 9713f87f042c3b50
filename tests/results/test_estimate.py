"""What is expected on new data."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import add_trial
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, ShuffleSplit

from autotune import AutoTunedClassifier, AutoTunedRegressor
from autotune._texts import short_repr
from autotune.history import History
from autotune.results._estimate import expect, half_width, unbiased_mean

N_RUNS = 300


def make_history(scores):
    """Return a history of complete trials with these fold scores, and folds to go with them."""
    history = History(scores.shape[1])
    for row in scores.tolist():
        add_trial(history, {}, row)
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


@pytest.mark.parametrize("n_folds", [3, 5, 10])
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


def test_without_a_choice_the_mean_is_expected():
    """Check that one trial alone, or one far above all others, keeps about its mean."""
    scores = np.array([[0.7, 0.9, 0.8]])
    history, folds = make_history(scores)
    assert expect(history, history[0], folds)[0] == pytest.approx(0.8, abs=0.02)
    assert unbiased_mean(np.vstack([scores - 9, scores])) == pytest.approx(0.8, abs=0.02)


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
