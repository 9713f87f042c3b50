"""The docstring that the classifier and the regressor share."""

from __future__ import annotations

from typing import Any

_SHARED = """
    Parameters
    ----------
    estimator : estimator, list of estimators, "boosting", "families" or None, default=None
        The model to tune: any {kind}, a Pipeline (whose steps are tuned, too), or a list of
        estimators to choose from. ``"families"``: several models for raw data, each with the
        preparation that it needs; `autotune.defaults.default_models` returns them.
        ``"boosting"``: only the first of them, scikit-learn's HistGradientBoosting, with native
        support for categories and missing values; if some columns are not numeric, it is the
        step ``"model"`` of a Pipeline whose step ``"columns"`` encodes dates, durations, text
        and numbers in text. None: ``"families"``, or ``"boosting"`` if you pass a space. Unusual
        columns are reported in a warning.
    space : "auto", dict or list of dict, default="auto"
        The search space. ``"auto"``: the built-in space of the model, which `default_space`
        returns as a dict to edit. A dict maps parameter names, as in ``set_params``, to
        ranges: a list of choices, where three or more numbers are treated as ordered;
        ``(low, high)`` for an interval, of integers if both bounds are integers;
        ``(low, high, "log-uniform")``; a frozen scipy distribution or anything with
        ``rvs``; a dimension of scikit-optimize; or a single value. A list of dicts is a union
        of spaces. With several estimators, ``"estimator"`` selects one of them and
        ``"estimator__<name>"`` are its parameters.
    strategy : str or strategy object, default="auto"
        ``"grid"``, ``"random"``, ``"bayes"``, ``"racing"``, ``"halving"``, ``"hyperband"`` or
        ``"auto"``, or an object such as ``Grid(points=3)``, whose parameters can be set as
        ``strategy__points``.
    budget : int, str, timedelta, Budget or None, default=None
        When to stop: ``40`` trials, ``"90s"`` or ``"5min"`` of wall time including the refit,
        or ``Budget(trials=..., seconds=..., ...)``. None: the whole grid for a grid of choices,
        50 trials otherwise. With a limit in seconds, evaluations run in processes that can be
        killed.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in scikit-learn's searchers. None: the model's own ``score``.
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn's searchers; None means 5 folds. The folds are drawn once and shared
        by all trials.
    refit : bool, str or callable, default=True
        As in scikit-learn's searchers: whether to fit the winner on all rows, the name of the
        deciding metric if there are several, or a callable that receives the rows of
        ``cv_results_`` that can win and returns the index of the winner among them.
    final_model : {{"auto", "refit", "folds", "ensemble"}}, default="auto"
        The model that is used after the search, unless ``refit`` is False. ``"auto"``:
        ``"ensemble"`` for the built-in models, ``"refit"`` for yours. ``"refit"``: the
        winner, fitted on all rows. ``"folds"``: the average of the models that were fitted on
        the winner's folds, which needs no final fit. ``"ensemble"``: a weighted average of
        several trials, each by its fold models and one fitted on all rows if there is time, with
        calibrated probabilities, by the greedy selection of Caruana et al. (ICML 2004), if that
        is better than the winner alone; otherwise as ``"refit"``, or as ``"folds"`` with a
        budget in seconds. Classifiers with several outputs need ``"refit"``. ``"auto"`` is
        ``"refit"`` for them too, for scorers that may look at more than predictions, and unless
        there are 3 to 10 folds whose models are fitted on at least 60 % of the rows.
    keep_predictions : bool, default=False
        Whether to keep the predictions of all complete trials for their validation rows, up to
        500 MB, see ``oof_predictions_`` and :meth:`rescore`. They are saved in ``storage``, and
        pickled with this object, together with the target and the metadata of ``fit``.
    include_default : bool, default=True
        Whether trial 0 is the model with its own parameters. It can always win with a built-in
        space, but with a space that you pass only if it lies inside. Otherwise the strategies
        ``"auto"``, ``"racing"`` and ``"bayes"`` start with a copy that is moved into the space,
        and the evaluations of trial 0 come after others and take at most a twentieth of a
        budget in seconds.
    error_score : "raise" or float, default=nan
        As in scikit-learn's searchers: the score of a failed evaluation. With NaN, a trial with
        a failed evaluation cannot win; with a number, it can unless all its evaluations failed.
    return_train_score : bool, default=False
        Whether ``cv_results_`` includes scores on the training folds.
    n_jobs : int or None, default=None
        Number of evaluations that run at the same time. The active ``joblib.parallel_config``
        determines where: in local processes, threads, or on a Dask cluster.
    random_state : int, RandomState instance or None, default=None
        Seed of the search and of every ``random_state`` of the model that is None.
    verbose : int, default=0
        1 shows a progress line, updated in place on a terminal and in a notebook; a pipe or a
        file gets a plain line whenever the best score improves. 2 shows a line per trial, 0
        nothing.
    warm_start : bool, default=False
        Whether another ``fit`` with the same data and settings, but a larger budget, continues
        the last one.
    storage : str, path-like or None, default=None
        An SQLite file in which every evaluation is saved. After an interruption, the same
        ``fit`` continues from there; different fits may share the file.

    Attributes
    ----------
    best_estimator_, estimator_ : estimator
        The winner, fitted on all rows. Its public attributes and methods are also available
        on this object. Without a model of yours, and with ``final_model="folds"`` or
        ``"ensemble"``, it may be an :class:`AveragedClassifier` or :class:`AveragedRegressor`.
    best_params_ : dict
        The winner's configuration. If its folds were stopped early, it has their mean number
        of iterations in proportion to the rows, and no early stopping.
    best_score_ : float
        Its mean score over the folds. As the best of many scores, it is optimistic.
    expected_score_ : float
        Its expected score on new data: the mean score corrected for selection bias by
        bootstrap bias-corrected cross-validation over the folds, with all trials that have
        not failed as rivals. Never above ``best_score_``; NaN with a single fold.
        For an ensemble, its expected gain over the winner is added, from a bootstrap over
        rows, or whole groups, that repeats the selection.
    expected_score_interval_ : tuple of float
        Its 95 % interval, from the corrected resampled t test of Nadeau and Bengio, which
        accounts for the overlap of the training folds. It is clipped to the bounds of
        scikit-learn's metrics, such as 1 for accuracy and R². For accuracy it is at least as
        wide as the binomial interval for the number of rows.
    best_index_ : int
        Its row in ``cv_results_``. With the final comparison of :class:`~autotune.Auto` the
        rank there need not be 1: the winner has the best mean over all of its folds.
    default_score_ : float
        The mean score of the model with its own parameters; needs ``include_default``. NaN if
        these lie outside the space and a budget in seconds left too little time for them.
    cv_results_ : dict of ndarray
        One row per trial, in the layout of scikit-learn's searchers, with the additional
        columns ``status``, ``origin`` and ``error``, ``n_resources`` if the strategy is
        halving or Hyperband, and ``mean_iterations`` if models were stopped early.
    history_ : History
        Every trial and evaluation; ``history_.to_frame()`` is a DataFrame, in which folds
        from number ``n_splits_`` on are those of the final comparison.
    space_ : Space
        The space that was searched.
    space_report_ : list of Finding
        Parameters whose best value lies on a bound that is not the model's own limit, that made
        no difference, or most of whose trials failed for some values; see
        :class:`~autotune.report.Finding`.
    scorer_ : callable or dict of callable
        The scorer or scorers.
    multimetric_ : bool
        Whether there are several metrics.
    n_splits_ : int
        Number of folds.
    refit_time_ : float
        Duration of the final fit in seconds, or of what replaces it.
    predict_seconds_per_row_ : dict of str to float
        The prediction time of the ``"final"`` model and of a ``"single"`` one of the models that
        it averages. Only if ``final_model`` is not ``"refit"``, or with
        ``Budget(predict_seconds_per_row=...)``.
    ensemble_weights_ : dict of int to float
        The weight of each trial in the ensemble, by its number; with ``final_model="ensemble"``.
    oof_predictions_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        With ``keep_predictions``: the winner's prediction for each row by the models that were
        fitted without it. For classifiers these are the probabilities of ``classes_``, or one
        vote if there are none. Mean over several validation folds; NaN for a row in none.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if the model has them.
"""
_CLASSES = """\
    classes_ : ndarray of shape (n_classes,)
        The class labels.
"""


def share_documentation(cls: Any) -> Any:
    """Insert the shared parameters and attributes before a class's examples."""
    if cls.__doc__ is None:  # python -OO
        return cls
    shared = _SHARED.format(kind="classifier" if cls._classifier else "regressor").rstrip()
    classes = f"\n{_CLASSES.rstrip()}" if cls._classifier else ""
    summary, examples = cls.__doc__.split("\n\n", 1)
    cls.__doc__ = f"{summary}\n{shared}{classes}\n\n{examples}"
    return cls
