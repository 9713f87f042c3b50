"""One ``fit``: from the parameters and the data to the fitted attributes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from sklearn.utils import check_random_state, get_tags

from .._budget import check_budget
from .._texts import warn
from ..compat import num_samples
from ..defaults import default_model
from ..evaluation import PrefixCache, Task
from ..execution import ClusterLostError, Executor, InlineExecutor, WorkerStartError, make_executor
from ..history import (
    COMPLETE,
    DROPPED,
    FULL,
    INTERRUPTED,
    TIMEOUT,
    Evaluation,
    History,
    Listener,
    Trial,
    derive_seed,
)
from ..results import (
    Progress,
    SameError,
    check_any_success,
    cv_results,
    describe_metric,
    expect,
    select,
    stands,
    warn_of_failures,
)
from ..schedule import Finals as FinalsScheduler
from ..schedule import Scheduler
from ..search import MOVED_DEFAULT, PortfolioSearcher, Searcher
from ..space import describe
from ..strategies import check_strategy
from ..timing import (
    REFERENCE_SHARE,
    Clock,
    FewerFolds,
    FirstModel,
    Reserve,
    Subsample,
    compare_as_far_as_known,
    measure_subsample,
    warn_of_default,
)
from ._callbacks import Callbacks
from ._candidates import make_candidates
from ._comparison import Finals
from ._fitter import fit_default
from ._last_fit import Refit
from ._repeats import FreshFolds
from ._resource import Resource, make_plan, name_resource, set_amount
from ._scoring import check_refit, make_scoring, route
from ._study import Kept, Study, fingerprint, reopen
from ._target import check_labels, check_target
from ._tuner import Tuner
from ._validation import check_data, check_folds, check_model, check_settings

_SEARCH, _TRIALS, _FOLDS, _FRESH = 0, 1, 2, 3  # what a seed is derived for
_CONTINUE = "set_params(warm_start=True).fit(X, y)"


class Run:
    """Carries out one ``fit`` of ``owner``, and writes the result to its attributes.

    Parameters
    ----------
    owner : AutoTunedClassifier or AutoTunedRegressor
    X, y, params
        What ``fit`` was given.

    Raises
    ------
    TypeError, ValueError
        For bad parameters or data, before anything is fitted.
    """

    def __init__(self, owner: Any, X: Any, y: Any, params: dict[str, Any]):
        self.owner = owner
        budget = self.budget = check_budget(owner.budget)
        self.clock = Clock(budget.seconds)
        self.strategy = check_strategy(owner.strategy)
        check_settings(owner)
        for name, model in owner._models().items():
            check_model(name, model, classifier=owner._classifier)
        self.scoring = make_scoring(
            owner._template(),
            owner.scoring,
            owner.refit,
            raise_errors=owner.error_score == "raise",
        )
        self.metric = describe_metric(self.scoring.deciding, owner._models().values())

        self.X, self.y = check_data(X, y, owner)
        check_target(self.y, classifier=owner._classifier)
        check_labels(self.scoring, owner.scoring, self.y, classifier=owner._classifier)
        model, prefix = self._model()
        hurried = budget.needs_killing
        candidates = make_candidates(model, owner.space, prefix, self.X, self.y, hurried=hurried)
        resource = name_resource(self.strategy, candidates, prefix)
        self.candidates = set_amount(self.strategy, candidates, resource)
        self.n_trials = self.strategy.n_trials(self.candidates.space, budget)
        self.routed = route(owner, owner._models(), self.scoring, params)
        self.folds = check_folds(
            owner.cv, self.X, self.y, self.routed.split, classifier=owner._classifier
        )
        self.plan = make_plan(
            resource, self.candidates, self.y, self.folds, classifier=owner._classifier
        )
        self.resource = Resource(resource, self.plan.amount)
        error_score = np.nan if owner.error_score == "raise" else float(owner.error_score)
        metrics = None if self.scoring.named is None else tuple(self.scoring.named)
        self.fresh = FreshFolds(
            self.strategy.count_repeats(),
            owner.cv,
            self.y,
            self.routed.split,
            classifier=owner._classifier,
        )
        n_fresh = self.fresh.n_repeats * len(self.folds)
        self.history = History(len(self.folds), self.scoring.metric, error_score, metrics, n_fresh)
        self.seed = int(check_random_state(owner.random_state).randint(2**31))
        self.study: Study | None = None
        self.scale = Subsample()
        self.lost: ClusterLostError | None = None
        self.first: FirstModel | None = None
        self.alone = False  # whether there is only time for the default

    def _model(self) -> tuple[Any, str]:
        """Return the model that is tuned, and the prefix of its parameters."""
        if self.owner.estimator is not None:
            return self.owner.estimator, ""
        model = default_model(self.X, classifier=self.owner._classifier)
        return model, "model__" if hasattr(model, "steps") else ""

    def execute(self) -> None:
        """Search, choose, refit, and set the fitted attributes."""
        owner = self.owner
        callbacks = self._callbacks(self._n_evaluations())
        try:
            self._open_study()
            _forget_earlier(owner)
            owner.history_ = self.history  # also for whoever interrupts the search
            self.trial_seed = derive_seed(self.seed, _TRIALS)
            task = self._task(callbacks)
            with self._executor(task) as executor:
                self.first = self._first_model(task, executor)
                self.scale = self._find_scale(task, executor)
                self.history.share = self.scale.share
                self.history.compared_folds = tuple(self.scale.folds or range(len(self.folds)))
                self._search(task, executor, callbacks)
                self._warn_of_delay(executor.delay)
                callbacks.end_search()
                best = self._conclude()
                if owner.refit is not False:
                    self._refit(task, executor, best, callbacks)
        except KeyboardInterrupt as interrupt:
            if vars(owner).get("history_") is self.history:
                interrupt.add_note(self._how_to_go_on())
            raise
        finally:
            if self.study is not None:
                self.study.close()
        callbacks.end()

    def _tried_here(self) -> int | None:
        """Return which trial may be tried in this process while no worker is ready.

        That is the first default that may win, be it moved into the space.
        """
        budget, defaults = self.budget, self.candidates.defaults
        limited = budget.seconds_per_trial is not None or budget.memory is not None
        if not self.owner.include_default or budget.seconds is None or limited:
            return None
        own = (number for number, (_, eligible) in enumerate(defaults) if eligible)
        return next(own, len(defaults) if self.strategy.moves_default() else None)

    def _warn_of_delay(self, delay: str) -> None:
        """Say what the seconds were spent on if no worker was ready before they had passed."""
        if delay and self.clock.left() <= self.reserve(self.history):
            n_ended = sum(len(trial.evaluations) for trial in self.history)
            warn(
                f"budget: only {n_ended} evaluations ended within {self.budget.seconds:g} s: "
                f"{delay}",
            )

    def finish(self, history: History, seed: int, scale: Subsample) -> None:
        """Choose among the trials of an earlier fit, refit, and set the fitted attributes."""
        if history.n_folds != len(self.folds):
            raise ValueError(
                f"finish needs the data and the cv of the interrupted fit: it had "
                f"{history.n_folds} folds; got {len(self.folds)}"
            )
        self.history, self.seed, self.scale = history, seed, scale
        self.trial_seed = derive_seed(seed, _TRIALS)
        callbacks = self._callbacks(0)
        task = self._task(callbacks)
        with self._executor(task) as executor:
            self.finals = self._make_finals(executor.n_workers)
            callbacks.end_search()
            best = self._conclude()
            if self.owner.refit is not False:
                self._refit(task, executor, best, callbacks)
        callbacks.end()

    def _callbacks(self, n_evaluations: int | None) -> Callbacks:
        """Return what tells the callbacks of the owner."""
        return Callbacks(
            self.owner,
            self.X,
            self.y,
            self.routed.fit.get("sample_weight"),
            self.owner.refit is not False,
            n_evaluations,
            self._holds_finals(),
        )

    def _executor(self, task: Task) -> Executor:
        """Return what runs the evaluations."""
        return make_executor(
            task,
            self.owner.n_jobs,
            killable=self.budget.needs_killing,
            memory=self.budget.memory,
            meanwhile=self._tried_here(),
        )

    def _how_to_go_on(self) -> str:
        """Return what can be done with an interrupted search, and make it possible."""
        n_complete = sum(t.eligible and t.status == COMPLETE for t in self.history)
        notes = [f"{n_complete} of {len(self.history)} trials were complete"]
        if n_complete:
            notes.append("finish(X, y) ends the fit with the best of them")
        try:
            if self.study is None:
                self.owner._study = self._kept(fingerprint(self._settings(), self._data()))
        except Exception as error:
            notes.append(f"the search cannot be continued ({type(error).__name__}: {error})")
        else:
            again = _CONTINUE if self.study is None else "fit(X, y)"
            notes.append(f"{again} goes on with the search")
        return f"The search was interrupted: {'; '.join(notes)}."

    def _find_scale(self, task: Task, executor: Executor) -> Subsample:
        """Return how many rows the search can afford; an earlier run's answer holds."""
        if self.study is not None and self.study.scale is not None:
            return self.study.scale
        if len(self.history) or self._is_pairwise() or not self._is_scarce():
            return Subsample()
        try:
            scale = self._measure(executor)
        except WorkerStartError:  # the search will meet it again, and say so
            scale = self._measure(InlineExecutor(task))
        except ClusterLostError:  # so it will with this
            return Subsample()
        if self.first is not None and self.first.fitted is not None and self.first.error:
            error = self.first.error
            warn(
                "the model could not be fitted on as many rows as there was time for "
                f"({type(error).__name__}: {error})",
            )
        self._keep(scale)
        return scale

    def _measure(self, executor: Executor) -> Subsample:
        """Return how many rows the search can afford, as far as fits of the default tell."""
        plan, seed = self.plan, derive_seed(self.trial_seed, 0)
        return measure_subsample(
            executor,
            self.candidates.typical(),
            seed,
            self.clock,
            plan,
            self.history.metric,
            self.first,
        )

    def _first_model(self, task: Task, executor: Executor) -> FirstModel | None:
        """Return what fits the default before the search, None where it could not win."""
        params, eligible = self.candidates.defaults[0]
        wanted = self.owner.include_default and eligible and self.owner.refit is not False
        if not wanted or not self._is_scarce():
            return None
        fit = fit_default(task, executor, self.clock, self.trial_seed, params)
        return FirstModel(fit, num_samples(self.X), self.clock)

    def _is_pairwise(self) -> bool:
        """Return whether fewer rows are also fewer columns."""
        return bool(get_tags(self.owner).input_tags.pairwise)

    def _keep(self, scale: Subsample) -> None:
        """Write down on what the search is done, for a run that continues or ends it."""
        self.scale = scale
        if self.study is not None:
            self.study.keep(scale)
        else:
            self.owner._study = self._kept(None)

    def _kept(self, key: str | None) -> Kept:
        """Return what a later call needs of this fit, beside its history."""
        return key, self.seed, asdict(self.scale)

    def _fewer_folds(self, n_workers: int) -> FewerFolds:
        """Return what decides on how many folds trials are compared."""

        def tell(folds: tuple[int, ...]) -> None:
            self._keep(replace(self.scale, folds=folds))

        return FewerFolds(self.clock, self.reserve.predict, n_workers, tell)

    def _is_scarce(self) -> bool:
        """Return whether there may be too few seconds for all rows and folds."""
        return self.budget.seconds is not None and self.strategy.may_save()

    def _n_evaluations(self) -> int | None:
        """Return how many evaluations there are at most, None if that is not known."""
        if self.n_trials is None or self.strategy.resource is not None:
            return None
        return self.n_trials * len(self.folds)

    def _task(self, callbacks: Callbacks) -> Task:
        """Return what all evaluations share."""
        return Task(
            self.candidates.estimator,
            self.X,
            self.y,
            self.folds + self.fresh.draw(self.X, self.y, derive_seed(self.seed, _FRESH)),
            self.scoring.scorer,
            self.routed.fit,
            self.routed.score,
            self.owner.return_train_score,
            self.owner if callbacks.active else None,
            self.scoring.metric,
            self.resource.name,
            self.owner._classifier,
            # What is kept would count as the memory of an evaluation.
            prefixes=PrefixCache(None if self.budget.memory is None else 0),
        )

    def _open_study(self) -> None:
        """Take over what the storage or, with ``warm_start``, the last fit knows."""
        owner = self.owner
        if owner.storage is None and not owner.warm_start:
            owner._study = self._kept(None)
            return
        settings = self._settings()
        self.study = Study(owner, settings, self._data(), self.seed, self.history, self.candidates)
        self.study.resume()
        self.seed = self.study.seed
        spent = max((e.ended for e in self.history.evaluations()), default=0.0)
        self.clock.spend(spent)
        reopen(self.history, self.budget, raise_errors=owner.error_score == "raise")

    def _tuned(self) -> Any:
        """Return the model that is tuned, or the list of those in the race."""
        model = self.candidates.estimator
        return self.owner.estimator if model is None else model  # an ensemble may have no length

    def _data(self) -> tuple:
        """Return the data that make two searches the same."""
        return self.X, self.y, self.routed.fit, self.routed.score, self.folds

    def _settings(self) -> dict[str, Any]:
        """Return what decides how the search goes, but the budget, as texts."""
        owner = self.owner
        given = owner.random_state is not None
        seed = self.seed if given else None
        return {
            "estimator": describe(self._tuned()),
            "space": self.candidates.space.fingerprint(),
            "strategy": describe(self.strategy),
            "scoring": describe(owner.scoring),
            "metric": self.scoring.metric,
            "error_score": repr(owner.error_score),
            "include_default": bool(owner.include_default),
            "return_train_score": bool(owner.return_train_score),
            "n_folds": len(self.folds),
            "fresh_folds": repr(self.fresh),
            "random_state": seed,
        }

    def _search(self, task: Task, executor: Executor, callbacks: Callbacks) -> None:
        """Fill the history until the budget ends."""
        owner = self.owner
        searcher_seed = derive_seed(self.seed, _SEARCH)
        progress = (
            Progress(owner.verbose, self.n_trials, self.clock, metric=self.metric)
            if owner.verbose
            else None
        )
        rows = self.scale.share * self.plan.n_train
        self.alone = self.first is not None and not self.first.leaves_time(rows)
        refits = owner.refit is not False and not self.alone
        self.reserve = Reserve(task, self.clock.seconds, refit=refits, subsample=self.scale)
        fewer_folds = self._fewer_folds(executor.n_workers)
        fewer_folds.reconsider(self.history)
        self.reserve.learn(self.history)
        self.finals = self._make_finals(executor.n_workers)
        check = _MetricCheck(owner.refit, self.scoring)
        same_error = SameError(self.history, self.candidates.space)
        listeners = [callbacks, check, progress, self.reserve, self.finals, same_error]
        settings = {
            "searcher": self._searcher(searcher_seed),
            "history": self.history,
            "clock": self.clock,
            "reserve": lambda history: self.reserve(history) + self.finals.reserve(),
            "n_trials": self._n_trials(),
            "seconds_per_trial": self.budget.seconds_per_trial,
            "seed": self.trial_seed,
            "defaults": self.candidates.defaults if owner.include_default else (),
            "listeners": [listener for listener in listeners if listener is not None],
            "raise_errors": owner.error_score == "raise",
            "fewer_folds": fewer_folds if self._is_scarce() else None,
            "longest": 0.0 if self.first is None else self.first.expect(rows),
            "can_end": None if self.budget.seconds is None else fewer_folds.can_end,
            "reference_seconds": REFERENCE_SHARE * (self.budget.seconds or math.inf),
        }
        seed = derive_seed(self.seed, _FOLDS)
        try:
            tuner = self._tune(
                task, executor, settings, lambda: self.strategy.scheduler(self.plan, seed)
            )
            if not tuner.stopped:
                self._compare_again(task, tuner.executor, settings, callbacks)
        except ClusterLostError as error:
            self._end_early(error)
        finally:
            if progress is not None:
                progress.close()

    def _end_early(self, error: ClusterLostError) -> None:
        """End the search with what is known if a trial can win, or else with the error."""
        n_complete = sum(trial.eligible and trial.status == COMPLETE for trial in self.history)
        if not n_complete and (self.first is None or self.first.fitted is None):
            raise ClusterLostError(
                f"{error}; no trial was complete by then, so there is nothing to choose from"
            ) from error
        self.lost = error
        warn(
            f"{error}: the search ends early, with what is known (complete trials: {n_complete})",
        )

    def _n_trials(self) -> int | None:
        """Return how many trials are worth their time: only the default, or not even that."""
        if self.first is None or not self.alone:
            return self.n_trials
        return 1 if self.first.is_whole else 0

    def _searcher(self, seed: int) -> Searcher:
        """Return what proposes configurations."""
        searcher = self.strategy.searcher(self.candidates.space, seed, self.budget)
        if self.strategy.uses_portfolio():
            points = self.candidates.starting_points(balanced=self.metric.balanced)
            searcher = PortfolioSearcher(points, searcher)
        if self.owner.include_default and self.strategy.moves_default():
            moved = self.candidates.moved_defaults()
            searcher = PortfolioSearcher(moved, searcher, MOVED_DEFAULT) if moved else searcher
        return searcher

    def _make_finals(self, n_workers: int) -> Finals:
        """Return what decides who is compared again."""
        n_rows = num_samples(self.X)
        return Finals(
            self.history,
            lambda n: self.strategy.count_finalists(n_rows, n) if self._holds_finals() else 0,
            seconds=self.budget.seconds,
            seconds_per_trial=self.budget.seconds_per_trial,
            n_workers=n_workers,
        )

    def _holds_finals(self) -> bool:
        """Return whether the best trials are compared again, on fresh folds."""
        refit = self.owner.refit
        return bool(self.history.n_fresh) and refit is not False and not callable(refit)

    def _compare_again(
        self, task: Task, executor: Executor, settings: dict[str, Any], callbacks: Callbacks
    ) -> None:
        """Evaluate the best trials on fresh folds, as far as there is time."""
        history, n_folds = self.history, len(self.folds)
        field = self.finals.field(self.clock.left() - self.reserve(history))
        folds = range(n_folds, n_folds + history.n_fresh)
        n_missing = sum((fold, FULL) not in t.evaluations for t in field for fold in folds)
        if not n_missing:
            return
        callbacks.begin_finals(n_missing)
        settings = {
            **settings,
            "reserve": self.reserve,
            "n_trials": 0,
            "fewer_folds": None,
            "reference_seconds": 0.0,
        }
        self._tune(task, executor, settings, lambda: FinalsScheduler(n_folds, folds, field))

    def _tune(
        self,
        task: Task,
        executor: Executor,
        settings: dict[str, Any],
        make_scheduler: Callable[[], Scheduler],
    ) -> Tuner:
        """Run the loop; go on in this process if workers cannot be started."""
        tuner = Tuner(executor=executor, scheduler=make_scheduler(), **settings)
        try:
            tuner.run()
        except WorkerStartError as error:
            warn(
                f"{error}; the search goes on in this process, where an evaluation that hangs "
                "cannot be ended",
            )
            inline = InlineExecutor(task)
            tuner = Tuner(executor=inline, scheduler=make_scheduler(), **settings)
            tuner.run()
        return tuner

    def _conclude(self) -> Trial:
        """Set the attributes that tell of the search; return the winner."""
        owner, history = self.owner, self.history
        reduced = compare_as_far_as_known(history, self.budget.seconds_per_trial)
        succeeded = check_any_success(history)
        if succeeded:
            warn_of_default(history)
        if succeeded and self.first is not None and self.first.is_whole and _only_default(history):
            warn(
                f"budget: {self.clock.seconds:g} s are enough to fit the model on all rows, but "
                "not for a search too: it is used as it is, untuned. Allow more seconds",
            )
        harmless = {COMPLETE, DROPPED, INTERRUPTED}
        if self.budget.seconds_per_trial is None:
            harmless.add(TIMEOUT)  # that was the end of the budget
        warn_of_failures(history, harmless)
        fallback = None if succeeded else self._default_trial()
        n_resources = None if self.strategy.resource is None else self.resource.used(history)
        results = cv_results(
            history, train_scores=owner.return_train_score, n_resources=n_resources
        )
        named = self.scoring.named
        owner.multimetric_ = named is not None or history.metrics != ("score",)
        owner.scorer_ = self.scoring.scorer if named is None else named
        owner.n_splits_ = len(self.folds)
        owner.cv_results_ = results
        owner.space_ = self.candidates.space
        if owner.include_default:
            owner.default_score_ = history.score(history[0])
        if owner.refit is False and owner.multimetric_:
            return history[0]
        champion = self.finals.winner() if succeeded and not reduced else None
        if champion is not None:
            index = champion.number
        else:
            index = select(owner.refit, results, history) if fallback is None else fallback
        if succeeded and not callable(owner.refit):
            index = self._on_all_rows(index)
        self._name_winner(index)
        return history[index]

    def _on_all_rows(self, index: int) -> int:
        """Return the default's trial instead of a winner on few rows that it may overtake."""
        history = self.history
        default = next((t for t in history if t.origin == "default" and t.eligible), None)
        if self.scale.share == 1.0 or default is None:
            return index
        kept = stands(default, history[index], history, self.scale.rise)
        return default.number if kept else index

    def _default_trial(self) -> int:
        """Return the number of the default's trial, added if the search did not try it."""
        for trial in self.history:
            if trial.origin == "default":
                return trial.number
        params, eligible = self.candidates.defaults[0]
        trial = self.history.add(params, "default", eligible)
        self.history.set_status(trial, INTERRUPTED)
        return trial.number

    def _refit(self, task: Task, executor: Executor, best: Trial, callbacks: Callbacks) -> None:
        """Fit the winner on all rows."""
        owner = self.owner
        context = callbacks.begin_refit()
        refit = Refit(
            task,
            executor,
            self.clock,
            self.trial_seed,
            context,
            self.scale,
            divisible=not self._is_pairwise(),
            lost=self.lost,
            first=self.first,
        )
        used, model, owner.refit_time_ = refit.run(best, self.history)
        if self.first is not None and self.first.fitted and model is self.first.fitted.model:
            callbacks.pass_over(context)  # it was fitted before the search
        if used is not best:
            self._name_winner(used.number)
        owner.best_estimator_ = model
        if hasattr(model, "feature_names_in_"):
            owner.feature_names_in_ = model.feature_names_in_

    def _name_winner(self, index: int) -> None:
        """Set the attributes that tell which trial won."""
        owner, history = self.owner, self.history
        owner.best_index_ = index
        owner.best_params_ = dict(history[index].params)
        if not callable(owner.refit):
            owner.best_score_ = history.score(history[index])
            expected = expect(history, history[index], self.folds, self.metric)
            owner.expected_score_, owner.expected_score_interval_ = expected


class _MetricCheck(Listener):
    """Checks ``refit`` as soon as a callable has told the names of its metrics."""

    def __init__(self, refit: Any, scoring: Any):
        self._refit = refit
        self._done = scoring.named is not None or not callable(scoring.scorer)

    def evaluated(self, evaluation: Evaluation, history: History) -> None:
        if not self._done and evaluation.status == COMPLETE:
            self._done = True
            if tuple(evaluation.scores) != ("score",):
                check_refit(self._refit, evaluation.scores)


def _only_default(history: History) -> bool:
    """Return whether nothing is known of how other configurations do."""
    ended = (trial for trial in history if trial.status not in (INTERRUPTED, TIMEOUT))
    return all(trial is history[0] for trial in ended)


def _forget_earlier(owner: Any) -> None:
    """Delete the attributes that an earlier fit has set."""
    for name in [name for name in vars(owner) if name.endswith("_") and name[0] != "_"]:
        delattr(owner, name)
