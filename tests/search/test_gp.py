"""The Gaussian process, what it is fitted to, and the searcher that asks it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import strategies
from fakes import add_trial
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from autotune.history import COMPLETE, DROPPED, FAILED, RUNNING, Evaluation, History
from autotune.search import _surrogate
from autotune.search._acquisition import (
    Maximiser,
    log_expected_improvement,
    log_interior,
    mutate,
)
from autotune.search._embedding import Embedding
from autotune.search._gp import GaussianProcess, NegativeLogPosterior, Prior
from autotune.search._model import GPSearcher, _losses
from autotune.search._surrogate import Surrogate
from autotune.search._warp import Warp
from autotune.space import Interval, Space

quick = settings(deadline=None, max_examples=25)

UNION = Space.parse(
    [
        {"kernel": ["rbf"], "C": (0.1, 100.0, "log-uniform"), "gamma": (0.001, 1.0)},
        {"kernel": ["linear"], "C": (0.1, 100.0, "log-uniform"), "loss": ["a", "b", "c"]},
        {"kernel": ["poly"], "degree": (2, 4), "shrink": [False, True]},
    ]
)
PLANE = Space.parse({"x": (0.0, 1.0), "y": (0.0, 1.0)})


@pytest.fixture(autouse=True)
def _one_thread():
    with _surrogate.one_thread():
        yield


def make_data(n=25, n_columns=4, seed=0):
    """Return points and standardised targets of a smooth function with noise."""
    rng = np.random.RandomState(seed)
    X = rng.random_sample((n, n_columns))
    y = np.sin(4 * X[:, 0]) + X[:, 1] ** 2 + 0.1 * rng.standard_normal(n)
    return X, (y - y.mean()) / y.std()


def make_history(space, outcomes, n_folds=1, seed=0, params=None):
    """Return a history with one trial for each outcome: a score, or a status."""
    history, rng = History(n_folds), np.random.RandomState(seed)
    for i, outcome in enumerate(outcomes):
        trial = history.add(space.sample(rng) if params is None else params[i], "bayes")
        history.set_status(trial, outcome if isinstance(outcome, str) else COMPLETE)
        if trial.status == COMPLETE:
            for fold in range(n_folds):
                history.record(Evaluation(i, fold, scores={"score": float(outcome)}))
    return history


def extend(searcher, history, score, n):
    """Let a searcher propose until the history has n trials, or nothing is left."""
    while len(history) < n and (params := searcher.ask(history)) is not None:
        trial = history.add(params, searcher.name)
        history.set_status(trial, COMPLETE)
        value = score(params)
        history.record(Evaluation(trial.number, 0, scores={"score": value}))
    return history


@pytest.mark.parametrize("seed", range(4))
def test_gradient(seed):
    """Check that the gradient of the posterior density is that of finite differences."""
    X, y = make_data(n=20, seed=seed)
    rng = np.random.RandomState(seed)
    groups, scale = np.array([0, 1, 1, 2]), rng.uniform(1, 3, len(y))
    prior = Prior(length=(-0.3, 0.8), signal=(0.2, 0.5), noise=(-3.0, 1.0), mean=0.7)
    objective = NegativeLogPosterior(X, y, groups, prior, scale)
    theta = rng.uniform(-1, 0.5, 5)
    numeric = approx_fprime(theta, lambda t: objective(t)[0], 1e-6)
    np.testing.assert_allclose(objective(theta)[1], numeric, rtol=1e-4, atol=1e-4)


def make_oracle(process, X, y, scale=1.0):
    """Return scikit-learn's process with the parameters of ours."""
    lengths = np.exp(process.theta[process.groups])
    signal, noise = np.exp(process.theta[-2:])
    kernel = ConstantKernel(signal) * Matern(lengths, nu=2.5) + ConstantKernel(process.prior.mean)
    return GaussianProcessRegressor(kernel, alpha=noise * scale, optimizer=None).fit(X, y)


@pytest.mark.parametrize("scaled", [False, True])
def test_predictions_of_scikit_learn(scaled):
    """Check that mean and deviation are scikit-learn's for the same kernel and data."""
    X, y = make_data()
    scale = np.random.RandomState(1).uniform(1, 4, len(y)) if scaled else None
    process = GaussianProcess(np.array([0, 0, 1, 2])).fit(X, y, scale)
    oracle = make_oracle(process, X, y, 1.0 if scale is None else scale)
    new = np.random.RandomState(2).random_sample((50, 4))
    for ours, theirs in zip(process.predict(new), oracle.predict(new, True), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


def test_likelihood_of_scikit_learn():
    """Check that differences of the objective are those of scikit-learn's likelihood."""
    X, y = make_data()
    groups = np.arange(4)
    flat = Prior(length=(0.0, 1e6), signal=(0.0, 1e6), noise=(0.0, 1e6))
    objective, process = NegativeLogPosterior(X, y, groups, flat), GaussianProcess(groups, flat)
    ours, theirs = [], []
    for noise in (-1.0, -3.0):
        process.theta = np.array([0.3, -0.2, 0.0, 1.0, 0.5, noise])
        ours.append(-objective(process.theta)[0])
        theirs.append(make_oracle(process, X, y).log_marginal_likelihood())
    assert ours[0] - ours[1] == pytest.approx(theirs[0] - theirs[1], rel=1e-6)


def test_irrelevant_columns():
    """Check that a column without influence gets a longer length scale than one with it."""
    X, y = make_data(n=60)
    process = GaussianProcess(np.arange(4)).fit(X, y)
    assert process.theta[2:4].min() > process.theta[:2].max()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_points(n):
    """Check that a process of very few points predicts numbers."""
    X, y = make_data(n=5)
    mean, std = GaussianProcess(np.arange(4)).fit(X[:n], y[:n]).predict(X)
    assert np.isfinite(mean).all()
    assert (std > 0).all()


def test_equal_points():
    """Check that many equal points with unequal values are averaged."""
    X, y = np.full((30, 2), 0.5), np.resize([1.0, -1.0], 30)
    mean, std = GaussianProcess(np.arange(2)).fit(X, y).predict(X[:1])
    assert abs(mean[0]) < 0.1
    assert 0 < std[0] < 1


def log_improvement(z):
    """Return log E[max(z - t, 0)] for standard normal t by integration.

    With v = u |z| for z < 0, E = phi(z) / z**2 times the integral of v exp(-v - (v/z)**2 / 2).
    """
    if z >= -1:
        value = quad(lambda u: u * math.exp(-0.5 * (u - z) ** 2), 0, max(z, 0) + 40, limit=200)[0]
        return math.log(value / math.sqrt(2 * math.pi))
    value = quad(lambda v: v * math.exp(-v - 0.5 * (v / z) ** 2), 0, 200, limit=200)[0]
    return math.log(value) - 0.5 * z * z - 0.5 * math.log(2 * math.pi) - 2 * math.log(-z)


@pytest.mark.parametrize("z", [-1e6, -12345, -9999, -300, -40, -5, -1.01, -0.99, 0, 1, 8, 30])
def test_log_expected_improvement(z):
    """Check that the criterion is the integral it stands for, however small."""
    found = log_expected_improvement(np.array([-3.0 * z]), np.array([3.0]), 0.0)[0]
    assert found == pytest.approx(log_improvement(float(z)) + math.log(3), rel=1e-9, abs=1e-7)


def test_log_expected_improvement_is_monotone():
    """Check that no seam of the criterion's formula reverses the order of candidates."""
    z = np.concatenate([-np.geomspace(1e8, 1e-3, 3000), np.geomspace(1e-3, 1e3, 1000)])
    values = log_expected_improvement(-z, np.ones_like(z), 0.0)
    assert np.isfinite(values).all()
    assert (np.diff(values) > 0).all()


def test_embedding_distances():
    """Check that choices are equally far apart and that an absent feature is no difference."""
    space = Space.parse({"a": ["x", "y", "z"], "b": [False, True], "c": (0.0, 1.0)})
    embedding = Embedding(space)
    points = embedding(np.array([space.encode(p) for p in space.grid(2)]))
    first = np.square(points - points[0]).sum(axis=1)
    differing = [sum(p[k] != space.grid(2)[0][k] for k in p) for p in space.grid(2)]
    np.testing.assert_allclose(first, differing)

    rbf, linear = ({"kernel": "rbf", "C": 1.0, "gamma": g} for g in (0.1, 0.9)), None
    points = Embedding(UNION)(np.array([UNION.encode(params) for params in rbf]))
    columns = np.flatnonzero(points[0] != points[1])
    linear = UNION.encode({"kernel": "linear", "C": 1.0, "loss": "b"})
    assert Embedding(UNION)(linear[None])[0, columns] == pytest.approx([0.5])


def test_conditional_kernel():
    """Check that the covariance of configurations of a union is positive definite."""
    rng = np.random.RandomState(0)
    units = np.array([UNION.encode(UNION.sample(rng)) for _ in range(150)])
    embedding = Embedding(UNION)
    points = embedding(units)
    process = GaussianProcess(embedding.groups)
    for theta in rng.uniform(-2, 3, (6, len(process.theta))):
        process.theta = theta
        process.condition(points, np.zeros(150))
        K = process._kernel(process._points) - process.prior.mean
        eigenvalues = np.linalg.eigvalsh((K + K.T) / 2)
        assert eigenvalues.min() > -1e-8 * eigenvalues.max()


@quick
@given(space=strategies.spaces, seed=st.integers(0, 2**31))
def test_snap(space, seed):
    """Check that snapping says what encoding the decoded configuration would say."""
    embedding = Embedding(space)
    units = np.random.RandomState(seed).random_sample((8, len(space.features)))
    coarse = np.array([_is_coarse(space, f) for f in space.features], dtype=bool)
    for row in embedding.snap(units):
        params = space.decode(np.nan_to_num(row, nan=0.5))
        encoded = space.encode(params)
        if len(space.subspaces) > 1 and encoded[0] != row[0]:
            continue  # an earlier sub-space holds the configuration as well
        np.testing.assert_array_equal(np.isnan(row), np.isnan(encoded))
        tolerance = np.where(coarse, 0.01, 1e-6)
        assert (np.nan_to_num(np.abs(row - encoded)) <= tolerance).all()


def _is_coarse(space, feature):
    """Return whether a feature is a distribution of many integers."""
    if feature.kind != "int" or feature.n <= 128:
        return False
    return not isinstance(space.subspaces[feature.subspaces[0]][feature.name], Interval)


@quick
@given(space=strategies.spaces, seed=st.integers(0, 2**31))
def test_mutations(space, seed):
    """Check that a mutation stays in the cube and changes active features only."""
    embedding, rng = Embedding(space), np.random.RandomState(seed)
    units = rng.random_sample((20, embedding.n_features))
    if not embedding.n_features:
        return
    moved = mutate(units, embedding, 0.3, rng)
    assert ((moved >= 0) & (moved <= 1)).all()
    assert (moved != units)[~embedding.active[embedding.subspace(units)]].sum() == 0
    assert (moved != units).any(axis=1).all()


@pytest.mark.parametrize(
    "losses",
    [
        [3.0],
        [1.0, 1.0, 1.0],
        [0.0, 1.0],
        [0.1, 0.2, 0.2, 0.3, 1e9],
        [0.0, 0.0, 0.0, 0.0, 1.0],
        [-1e9, 0.0, 1.0, 2.0],
        [1e-9, 2e-9, 3e-9],
    ],
)
def test_warp(losses):
    """Check that a warp is finite, keeps the order, and can be undone."""
    losses = np.array(losses)
    warp = Warp(losses)
    warped = warp(losses)
    assert np.isfinite(warped).all()
    assert abs(warped.mean()) < 1e-6
    assert ((np.diff(losses) > 0) == (np.diff(warped) > 0)).all()
    middle, half = warp.inverse(warped, np.full(len(losses), 0.01))
    np.testing.assert_allclose(middle, losses, rtol=1e-4, atol=1e-9 * np.abs(losses).max())
    assert (half > 0).all()


def test_warp_and_outliers():
    """Check that one enormous loss leaves the good ones distinguishable."""
    losses = np.append(np.linspace(0.1, 0.2, 20), 1e6)
    warped = Warp(losses)(losses)
    assert np.ptp(warped[:20]) > 1


def test_warp_of_endless_tails():
    """Check that losses beyond all measure are warped and undone without overflow."""
    losses = np.append(np.linspace(0.1, 0.2, 20), 1e300)
    warp = Warp(losses)
    middle, half = warp.inverse(np.append(warp(losses), 1e9), np.ones(22))
    np.testing.assert_allclose(middle[:20], losses[:20], rtol=1e-6)
    assert np.isfinite([middle, half]).all()


@pytest.mark.parametrize("n", [1, 2, 40, _surrogate.MAX_FIT + 20, _surrogate.MAX_POINTS + 20])
def test_surrogate_sizes(n):
    """Check that predictions follow the data, however many there are."""
    rng = np.random.RandomState(0)
    units = rng.random_sample((n, 2))
    values = 5 + units[:, 0] ** 2
    surrogate = Surrogate(Embedding(PLANE)).fit(units, values)
    mean, std = surrogate.predict(units)
    assert np.isfinite(mean).all()
    assert (std > 0).all()
    if n >= 40:
        np.testing.assert_allclose(mean, values, atol=0.1)


def test_believing():
    """Check that a believed point keeps the mean and takes the uncertainty away."""
    rng = np.random.RandomState(0)
    units, new = rng.random_sample((10, 2)), rng.random_sample((20, 2))
    surrogate = Surrogate(Embedding(PLANE)).fit(units, np.sin(5 * units).sum(axis=1))
    before = surrogate.predict_warped(new)
    after = surrogate.believe(new[:1]).predict_warped(new)
    np.testing.assert_allclose(after[0], before[0], atol=1e-6)
    assert (after[1] <= before[1] + 1e-9).all()
    assert after[1][0] < 0.5 * before[1][0]


def test_more_noise():
    """Check that a value with a larger factor of noise moves the mean less."""
    units = np.array([[0.5, 0.5], [0.5, 0.5], [0.1, 0.1], [0.9, 0.9], [0.1, 0.9], [0.9, 0.1]])
    values = np.array([0.0, 1.0, 0.2, 0.8, 0.3, 0.6])
    means = []
    for scale in ([1.0, 10.0], [10.0, 1.0]):
        noise_scale = np.array([*scale, 1.0, 1.0, 1.0, 1.0])
        surrogate = Surrogate(Embedding(PLANE)).fit(units, values, noise_scale)
        means.append(surrogate.predict(units[:1])[0][0])
    assert means[0] < means[1]


def test_maximiser():
    """Check that the maximum of a criterion is found, but not where a trial was."""
    embedding = Embedding(PLANE)

    def criterion(units):
        return -np.abs(units - [0.123, 0.987]).sum(axis=1)

    trials = np.array([[0.5, 0.5], [0.123, 0.987]])
    found = Maximiser()(criterion, embedding, trials, np.random.RandomState(0))
    assert 0 < -criterion(found[:1])[0] < 0.02


def test_maximiser_of_an_exhausted_space():
    """Check that nothing is returned when every point of a space was tried."""
    space = Space.parse({"a": ["x", "y", "z"], "b": [False, True]})
    trials = np.array([space.encode(params) for params in space.grid(None)])
    rng = np.random.RandomState(0)
    found = Maximiser()(lambda units: np.zeros(len(units)), Embedding(space), trials, rng)
    assert len(found) == 0


def peak(params):
    """Return a score with one peak in one sub-space."""
    if params["kernel"] != "rbf":
        return -1.0 - 0.1 * len(params)
    return -((math.log10(params["C"]) - 1) ** 2) - 4 * (params["gamma"] - 0.3) ** 2


def test_searcher_climbs():
    """Check that the best of a conditional space is found in 40 trials."""
    history = extend(GPSearcher(UNION, seed=0), History(1), peak, 40)
    assert max(history.score(trial) for trial in history) > -0.01


def test_early_proposals_keep_away_from_corners():
    """Check that numbers are less often at the ends of their ranges than random ones."""
    space = Space.parse({**{f"x{i}": (0.0, 1.0) for i in range(4)}, "form": ["a", "b", "c"]})

    def bowl(params):
        return -sum((params[f"x{i}"] - 0.3) ** 2 for i in range(4))

    histories = [extend(GPSearcher(space, seed), History(1), bowl, 10) for seed in range(3)]
    proposed = [trial.params for history in histories for trial in history.trials[3:]]
    numbers = np.array([[params[f"x{i}"] for i in range(4)] for params in proposed])
    assert np.mean(np.abs(numbers - 0.5) > 0.48) < 0.04


def test_every_fifth_proposal_explores():
    """Check that after ten proposals every fifth is nearly the one that may be best."""
    space = Space.parse({"x": (0.0, 1.0), "y": (0.0, 1.0)})
    searcher = GPSearcher(space, seed=0)

    def bowl(params):
        return -((params["x"] - 0.3) ** 2) - (params["y"] - 0.6) ** 2

    def bounds(units):
        mean, std = surrogate.predict_warped(units)
        interior = 3.0 / len(history) * log_interior(units, searcher.embedding)
        return 3.0 * std - mean + interior

    history = extend(searcher, History(1), bowl, 14)
    surrogate = searcher._surrogate(searcher._observe(history))
    anywhere = np.random.RandomState(0).random_sample((200, 2))
    proposal = space.encode(searcher.ask(history))
    assert bounds(proposal[None])[0] > np.quantile(bounds(anywhere), 0.98)


def test_searcher_is_a_function_of_the_history():
    """Check that a new searcher proposes what one that saw everything proposes."""
    searcher, history = GPSearcher(UNION, seed=3), History(1)
    for n in range(1, 16):
        fresh = GPSearcher(UNION, seed=3).ask(history)
        assert searcher.ask(history) == fresh
        extend(searcher, history, peak, n)


def test_searcher_exhausts_a_space():
    """Check that every point of a finite space is proposed once, then None."""
    space = Space.parse({"a": ["x", "y", "z"], "b": [False, True], "c": (1, 3)})
    searcher = GPSearcher(space, seed=0)
    history = extend(searcher, History(1), lambda params: params["c"], 100)
    assert len({space.key(trial.params) for trial in history}) == len(history) == 18
    assert searcher.ask(history) is None


@pytest.mark.parametrize(
    "outcomes",
    [
        [1.0] * 12,
        [1.0, 2.0],
        [FAILED] * 12,
        [FAILED] * 10 + [1.0, 1.0],
        [FAILED, 0.5] * 8,
        [RUNNING] * 12,
        [RUNNING, 0.1, 0.2, DROPPED] * 4,
        [1e300, -1e300, 0.0] * 4,
        [1e-300, 0.0] * 6,
        [1e-305, 0.0, -1e-305, -1e9] * 3,
    ],
    ids=str,
)
def test_strange_histories(outcomes):
    """Check that a new configuration is proposed whatever happened before."""
    history = make_history(UNION, outcomes)
    params = GPSearcher(UNION, seed=0, n_initial=2).ask(history)
    assert params in UNION
    assert params not in [trial.params for trial in history]


def test_equal_trials():
    """Check that trials of one configuration with different scores do no harm."""
    params = [{"x": 0.5, "y": 0.5}] * 12
    history = make_history(PLANE, [0.1 * i for i in range(12)], params=params)
    assert GPSearcher(PLANE, seed=0).ask(history) in PLANE


def test_no_features():
    """Check that a space of one point is proposed once."""
    space = Space.parse({"kernel": ["rbf"]})
    history = extend(GPSearcher(space, seed=0), History(1), lambda params: 1.0, 5)
    assert [trial.params for trial in history] == [{"kernel": "rbf"}]


def test_pending_trials_do_not_crowd():
    """Check that proposals made while others run keep their distance."""
    history = make_history(PLANE, np.random.RandomState(0).random_sample(15))
    searcher = GPSearcher(PLANE, seed=0)
    points = []
    for _ in range(4):
        params = searcher.ask(history)
        history.add(params, "bayes")
        points.append([params["x"], params["y"]])
    gaps = np.linalg.norm(np.array(points)[:, None] - np.array(points), axis=-1)
    assert gaps[np.triu_indices(4, 1)].min() > 0.02


def test_failures_are_avoided():
    """Check that few proposals go where all trials failed."""
    history, searcher = History(1), GPSearcher(PLANE, seed=0)
    while len(history) < 40:
        trial = history.add(searcher.ask(history), "bayes")
        failed = trial.params["x"] > 0.5
        history.set_status(trial, FAILED if failed else COMPLETE)
        if not failed:
            score = {"score": trial.params["x"]}
            history.record(Evaluation(trial.number, 0, scores=score))
    n_failed = sum(trial.status == FAILED for trial in history.trials[-20:])
    assert n_failed <= 10


def test_losses_of_dropped_trials():
    """Check that a trial counts with its folds, freed of how easy those are."""
    history = make_history(PLANE, [0.0, 0.0, DROPPED, RUNNING, FAILED], n_folds=4)
    ease = np.array([0.3, -0.1, 0.0, -0.2])
    for number, level in enumerate([0.5, 0.7]):
        for fold in range(4):
            score = {"score": level + ease[fold]}
            history.record(Evaluation(number, fold, scores=score))
    for fold in range(2):
        history.record(Evaluation(2, fold, scores={"score": 0.4 + ease[fold]}))
    losses, noise_scale = _losses(
        history.trials, np.array([history.fold_scores(t) for t in history])
    )
    np.testing.assert_allclose(losses, [-0.5, -0.7, -0.4, np.nan, -0.5])
    np.testing.assert_allclose(noise_scale, [1, 1, 2, 1, 1])


def test_prediction():
    """Check that the score is predicted, with more doubt away from the trials."""
    params = [{"x": i / 10, "y": 0.5} for i in range(11)]
    history = make_history(PLANE, [1 - (p["x"] - 0.4) ** 2 for p in params], params=params)
    configurations = [{"x": 0.45, "y": 0.5}, {"x": 0.45, "y": 0.0}]
    mean, std = GPSearcher(PLANE, seed=0).predict(history, configurations)
    assert mean[0] == pytest.approx(1 - 0.05**2, abs=0.01)
    assert std[1] > std[0]


@quick
@given(
    space=strategies.spaces,
    outcomes=st.lists(
        st.one_of(st.floats(-1e6, 1e6), st.sampled_from([FAILED, RUNNING, DROPPED])),
        min_size=2,
        max_size=12,
    ),
    seed=st.integers(0, 2**31),
)
def test_proposals_lie_in_the_space(space, outcomes, seed):
    """Check that any space and any history get a proposal in the space that is new."""
    history = make_history(space, outcomes, seed=seed)
    params = GPSearcher(space, seed, n_initial=2).ask(history)
    if params is None:
        assert math.isfinite(space.size)
    else:
        assert params in space


@pytest.mark.parametrize("sizes", [[1e308], [8.9e307, 1.0], [1e155, 1e-320], [1e300, 0.0]])
def test_huge_and_tiny_scores(sizes):
    """Check that scores whose sums or squares are infinite are modelled without a warning."""
    searcher, history = GPSearcher(PLANE, 0, None, 3), History(3)
    rng = np.random.RandomState(0)
    for _ in range(8):
        scores = rng.choice([-1, 1], 3) * rng.choice(sizes, 3) * rng.uniform(size=3)
        add_trial(history, searcher.ask(history, 5.0), scores.tolist())
    assert all(trial.params in PLANE for trial in history)
