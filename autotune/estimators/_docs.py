"""The documentation that the classifier and the regressor share."""

from __future__ import annotations

from typing import Any

_SHARED = """
    Parameters
    ----------
    estimator : estimator, list of estimators or None, default=None
        What is tuned: any {kind}, a Pipeline (tuned through its steps), or a list of
        estimators to choose among. None: scikit-learn's HistGradientBoosting, with native
        categories and missing values; where columns are no numbers, as the step
        ``"model"`` of a Pipeline whose step ``"columns"`` encodes dates, durations, texts
        and numbers in text. What is surprising is told in a warning.
    space : "auto", dict or list of dict, default="auto"
        What may be tried. ``"auto"``: the built-in space of the model, of which `default_space`
        returns a dict to change. A dict maps the names
        that ``set_params`` takes to ranges: a list of choices, of which three numbers or more
        are in order; ``(low, high)`` for an interval, of integers if both are; ``(low, high,
        "log-uniform")``; a frozen scipy distribution or anything with ``rvs``; a dimension of
        scikit-optimize; or a single value. A list of dicts is the union of its members. With
        several estimators, ``"estimator"`` chooses among them and ``"estimator__<name>"`` are
        the chosen one's parameters.
    strategy : str or strategy object, default="auto"
        ``"grid"``, ``"random"``, ``"bayes"``, ``"racing"``, ``"halving"``, ``"hyperband"`` or
        ``"auto"``, or an object such as ``Grid(points=3)``, whose parameters can be set as
        ``strategy__points``.
    budget : int, str, timedelta, Budget or None, default=None
        When to stop: ``40`` trials, ``"90s"`` or ``"5min"`` of wall time, refit included, or
        ``Budget(trials=..., seconds=..., ...)``. None: the whole grid for a grid of choices,
        50 trials otherwise. With seconds, evaluations run in processes that can be killed.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in scikit-learn's searchers. None: the model's own ``score``.
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn's searchers: None is 5 folds. Folds are drawn once and shared by
        all trials.
    refit : bool, str or callable, default=True
        As in scikit-learn's searchers: whether to fit the winner on all rows; the name of the
        metric that decides among several; or a callable that gets the rows of ``cv_results_``
        that can win and returns the winner's index among them.
    include_default : bool, default=True
        Whether trial 0 is the model with its own parameters. It can win only inside a space
        that you wrote; a built-in space it may always win. Outside of it the strategies
        ``"auto"``, ``"racing"`` and ``"bayes"`` begin with what it is inside, and of a budget
        in seconds its own evaluations take a twentieth at most, after others.
    error_score : "raise" or float, default=nan
        As in scikit-learn's searchers: the score of an evaluation that failed. With NaN a
        trial with such an evaluation cannot win, with a number it can.
    return_train_score : bool, default=False
        Whether ``cv_results_`` has the scores on the training folds too.
    n_jobs : int or None, default=None
        Evaluations that run at the same time. The active ``joblib.parallel_config`` says
        where: local processes, threads, or a Dask cluster.
    random_state : int, RandomState instance or None, default=None
        Seeds the search, and each ``random_state`` of the model that is None.
    verbose : int, default=0
        1 shows a live line on a terminal and in a notebook, elsewhere a line for each better
        score; 2 a line per trial.
    warm_start : bool, default=False
        Whether a further ``fit`` with the same data and settings, but a larger budget,
        continues where the last one ended.
    storage : str, path-like or None, default=None
        An SQLite file in which every evaluation is kept. The same ``fit`` started again
        continues where it was interrupted; different ones may share the file.

    Attributes
    ----------
    best_estimator_, estimator_ : estimator
        The winner, fitted on all rows. Its public attributes and methods are reachable on
        this object too.
    best_params_ : dict
        The winner's configuration.
    best_score_ : float
        Its mean score over the folds. It is the best of many, so expect less on new data.
    expected_score_ : float
        What to expect of it on new data: the mean score without what choosing the best of
        many adds to it, by bootstrap bias-corrected cross-validation over the folds. Never
        above ``best_score_``; NaN with a single fold.
    expected_score_interval_ : tuple of float
        The 95 % interval of that, by the corrected resampled t test of Nadeau and Bengio,
        which allows for the overlap of the training folds. It ends where a metric that
        scikit-learn knows ends: at 1 for accuracy and R².
    best_index_ : int
        Its row in ``cv_results_``. With the final comparison of :class:`~autotune.Auto` the
        rank there need not be 1: the winner has the best mean over all of its folds.
    default_score_ : float
        The mean score of the model with its own parameters; needs ``include_default``. NaN
        where these lie outside the space and a budget in seconds left too little for them.
    cv_results_ : dict of ndarray
        One row per trial, in the layout of scikit-learn's searchers, with the additional
        columns ``status``, ``origin`` and ``error``, and ``n_resources`` where the strategy
        is halving or Hyperband.
    history_ : History
        Every trial and evaluation; ``history_.to_frame()`` is a DataFrame, in which folds
        from number ``n_splits_`` on are those of the final comparison.
    space_ : Space
        What was searched.
    space_report_ : list of Finding
        What was noticed about the space: parameters whose best value lies on a bound that is
        not the model's own limit, that made no difference, or most of whose trials failed with
        some values; see :class:`~autotune.report.Finding`.
    scorer_ : callable or dict of callable
        What scored.
    multimetric_ : bool
        Whether there are several metrics.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Seconds that the last fit took.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where the model knows them.
"""
_CLASSES = """\
    classes_ : ndarray of shape (n_classes,)
        The class labels.
"""


def share_documentation(cls: Any) -> Any:
    """Put the shared parameters and attributes before a class's own examples."""
    if cls.__doc__ is None:  # python -OO
        return cls
    shared = _SHARED.format(kind="classifier" if cls._classifier else "regressor").rstrip()
    classes = f"\n{_CLASSES.rstrip()}" if cls._classifier else ""
    summary, examples = cls.__doc__.split("\n\n", 1)
    cls.__doc__ = f"{summary}\n{shared}{classes}\n\n{examples}"
    return cls
