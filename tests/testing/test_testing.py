"""Each check of a contract finds what it is there for, and what is sound passes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import broken
import numpy as np
import pytest

from autotune import testing
from autotune.schedule import Full
from autotune.search import RandomSearcher
from autotune.testing import _endings, _jobs

SEARCHERS = [  # check, what breaks it, what is said
    ("attributes", broken.Nameless, "its name is ''"),
    ("attributes", lambda space, seed, n_trials: space, "is no Searcher"),
    ("proposals_lie_in_the_space_and_differ", broken.OutOfSpace, "'other': 1.*is not in Space"),
    ("proposals_lie_in_the_space_and_differ", broken.Repeating, "more than once"),
    ("a_finite_space_is_exhausted", broken.EndsEarly, "2 of 3 configurations"),
    ("a_finite_space_is_exhausted", broken.Endless, "more than once"),
    ("a_finite_space_is_exhausted", broken.ForgetsTheUnfinished, "more than once"),
    ("the_same_seed_gives_the_same_proposals", broken.DrawsFromSharedGenerator, "same seed"),
    ("a_search_that_was_cut_goes_on_as_before", broken.Counting, "first 1 trials proposed"),
    ("another_history_is_another_search", broken.Remembering, "after another search"),
    ("asking_changes_nothing", broken.Counting, "asked again about the same history"),
    ("asking_changes_nothing", broken.Writing, "ask changed the history"),
    ("the_order_of_evaluations_does_not_matter", broken.FollowsFirstFold, "other folds had ended"),
    ("no_outcome_stops_the_search", broken.StopsAtFailure, "None after 1 trials.*'failed'"),
    ("no_outcome_stops_the_search", broken.NeedsFiniteScores, "FloatingPointError: a score is"),
    ("defaults_count_as_proposed", broken.ForgetsTheDefault, r"\[1, 2, 3\] for C instead of \[1,"),
    ("defaults_count_as_proposed", broken.EncodesEveryTrial, "ValueError: params must lie"),
    ("proposals_are_affordable", broken.Spendthrift, "for 0.35 s, in which it is not affordable"),
    ("proposals_are_affordable", broken.NeverAffords, "more than any number of seconds"),
    ("origins_are_reported", broken.Impostor, "is 'default'"),
]
SCHEDULERS = [
    ("attributes", broken.MiscountsFolds, "n_folds is 2 for 1 folds"),
    ("attributes", broken.OrderWithGaps, r"order is \[1\] for 1 folds"),
    ("attributes", lambda plan, seed: plan, "is no Scheduler"),
    ("nothing_happens_before_a_trial_begins", broken.Eager, "at first, next returned Request"),
    ("nothing_happens_before_a_trial_begins", broken.EndsWhatNeverBegan, r"close returned \[None"),
    ("requests_lie_in_the_plan", broken.OneFoldTooMany, "fold=1.*with 1 folds"),
    ("requests_lie_in_the_plan", broken.NoFidelity, "fidelity=0.0"),
    ("requests_lie_in_the_plan", broken.Unbegun, "trial=1.* when 1 trials had begun"),
    ("nothing_is_asked_for_twice", broken.Stammering, "a second time"),
    ("nothing_is_asked_for_twice", broken.NeverSatisfied, "a second time|does not cease"),
    ("nothing_is_asked_for_after_the_end_of_a_trial", broken.Stubborn, "when that trial was '"),
    ("every_trial_ends_once", broken.Undecided, "trial 3 was ended 0 times"),
    ("every_trial_ends_once", broken.Pausing, "only 3 trials had begun"),
    ("every_trial_ends_once", broken.EndsTwice, "trial 0 was ended 2 times"),
    ("ended_trials_are_those_of_the_history", broken.Postponing, "ended as 'interrupted'"),
    ("ended_trials_are_those_of_the_history", broken.EndsCopies, "is not in the history"),
    ("ended_trials_are_those_of_the_history", broken.EndsTheEnded, "that was '.*' was ended as"),
    ("only_a_finite_mean_completes_a_trial", broken.Optimist, "fold scores are"),
    ("some_trial_is_complete", broken.DropsAll, r"all \['dropped'\]"),
    ("folds_begin_in_order", broken.Disorderly, r"began as \[0, 1\].*says \[1, 0\]"),
    ("the_same_seed_gives_the_same_requests", broken.Moody, "requests differed"),
    ("the_history_is_left_alone", broken.GivesStatus, r"\['report'\] changed the history"),
    ("close_spares_what_the_budget_cut", broken.ClosesAll, "were in flight"),
    ("a_paused_trial_is_left_alone", broken.PretendsToPause, "after pause"),
    ("a_paused_trial_is_left_alone", broken.PausesAll, "was 'running' in the end"),
    ("a_paused_trial_is_left_alone", broken.EndsWhatIsPaused, "was 'dropped' in the end"),
    ("a_paused_trial_is_left_alone", broken.ForgetsAllTheSame, "returned False for trial"),
    ("a_paused_trial_is_left_alone", broken.Vague, "pause returned None"),
    ("an_interrupted_search_goes_on", broken.BeginsAnew, "which had ended"),
    ("fewer_folds_suffice", broken.WaitsForAllFolds, "trials came to .*'running'"),
]
EXECUTORS = [
    ("attributes", broken.NoWorkers, "n_workers is 0"),
    ("attributes", lambda task: _Context(), "is no Executor"),
    ("each_job_has_one_outcome", broken.Losing, "no outcome came"),
    ("each_job_has_one_outcome", broken.Doubling, r"outcome is of \(\d, Key\(.*\)\), but"),
    ("each_job_has_one_outcome", broken.Mistaking, r"outcome is of \(\d, Key\(fold=0, .*\)\), but"),
    ("each_job_has_one_outcome", broken.Whitewashing, "instead of 'failed'"),
    ("each_job_has_one_outcome", broken.Meddling, "parameters of a job were changed"),
    ("scores_are_those_of_this_process", broken.OwnSeeds, "came to .* instead of"),
    ("what_a_job_raises_is_its_failure", broken.Raising, "RuntimeError: a job failed"),
    ("what_a_job_raises_is_its_failure", broken.Laconic, "error of a job .* is 'it failed'"),
    ("what_a_job_raises_is_its_failure", broken.Discreet, "exception of a job .* is None"),
    ("what_a_job_raises_is_its_failure", broken.Overstating, "status='crashed'"),
    ("what_cannot_be_sent_has_an_outcome", broken.DropsModels, "neither complete nor an error"),
    ("submit_returns_at_once", broken.Synchronous, "submit waited for the job"),
    ("without_jobs_collect_returns_at_once", broken.Idle, "at first, collect waited"),
    ("collect_waits_for_a_job", broken.Polling, "returned nothing"),
    ("collect_returns_in_time", broken.Untimely, r"collect\(0.0\) returned|outcomes of jobs that"),
    ("n_workers_jobs_run_side_by_side", broken.Serial, "1 never began beside|of jobs that still"),
    ("n_workers_jobs_run_side_by_side", broken.Greedy, "3 jobs ran at the same time"),
    (
        "outcomes_come_as_jobs_end",
        broken.Batches,
        r"job 1 had ended, but collect returned \[[01], [01]\]",
    ),
    ("jobs_begin_in_order", broken.LastInFirstOut, r"began as \[102"),
    ("a_cancelled_job_has_no_outcome", broken.Pretending, "True twice"),
    ("a_cancelled_job_has_no_outcome", broken.AlwaysCancels, "True twice"),
    ("a_cancelled_job_has_no_outcome", broken.CannotCancel, "though can_kill is True"),
    ("a_cancelled_job_has_no_outcome", broken.NoAnswer, "cancel returned None"),
    ("a_cancelled_job_does_not_begin", broken.Forgetting, "for a job that began: True"),
    ("a_cancelled_job_frees_its_worker", broken.Forgetting, "2 never began beside"),
    (
        "a_job_that_takes_too_long_is_ended",
        broken.Unlimited,
        "nobody told|were to end",
    ),
    ("a_job_that_loses_its_process_has_crashed", broken.Immortal, "as 'crashed' ended as"),
    ("waiting_does_not_count", broken.CountsFromSubmit, "time was up before it began"),
    ("close_may_be_repeated", broken.ClosesOnce, "RuntimeError: it is closed already"),
    ("close_may_be_repeated", broken.LeavesThreads, "threads are left after close"),
    ("close_ends_what_runs", broken.LetsGoOn, "went on after close"),
    ("close_ends_what_runs", broken.WaitsAtTheEnd, "close waited"),
]
CASES = [
    *((dict(testing.searcher_checks()), *case) for case in SEARCHERS),
    *((dict(testing.scheduler_checks()), *case) for case in SCHEDULERS),
    *((dict(testing.executor_checks()), *case) for case in EXECUTORS),
]


class _Context:
    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        pass


WAITED_FOR = {  # what is broken in these shows when patience ends
    broken.Losing,
    broken.Synchronous,
    broken.Idle,
    broken.Untimely,
    broken.Serial,
    broken.Batches,
    broken.Forgetting,
    broken.Unlimited,
    broken.LeavesThreads,
    broken.WaitsAtTheEnd,
}


@pytest.fixture
def _little_patience(monkeypatch, make):
    """Let checks wait for what will not happen no longer than they must."""
    if make in WAITED_FOR:
        monkeypatch.setattr(_jobs, "PATIENCE", 1.0)
    monkeypatch.setattr(_endings, "LIMIT", 0.3)
    broken.LeavesThreads.go_on.clear()
    yield
    broken.LeavesThreads.go_on.set()


@pytest.mark.usefixtures("_little_patience")
@pytest.mark.parametrize(
    ("checks", "name", "make", "message"), CASES, ids=[f"{c[1]}-{c[2].__name__}" for c in CASES]
)
def test_each_check_finds_what_is_broken(checks, name, make, message):
    """Check that a check fails with its name and what it has found."""
    with pytest.raises(AssertionError, match=rf"^check_{name}: (?s:.)*(?:{message})"):
        checks[f"check_{name}"](make)


@pytest.mark.parametrize(
    ("checks", "cases"),
    [
        (testing.searcher_checks, SEARCHERS),
        (testing.scheduler_checks, SCHEDULERS),
        (testing.executor_checks, EXECUTORS),
    ],
)
def test_each_check_can_fail(checks, cases):
    """Check that there is something broken for every check, and that no check is there twice."""
    names = [name for name, _ in checks()]
    assert sorted(names) == sorted({f"check_{name}" for name, *_ in cases})


@pytest.mark.usefixtures("_little_patience")
@pytest.mark.parametrize(
    ("check", "make", "message"),
    [
        (testing.check_searcher, broken.OutOfSpace, "check_proposals_lie_in_the_space"),
        (testing.check_scheduler, broken.Optimist, "check_only_a_finite_mean"),
        (testing.check_executor, broken.Synchronous, "check_submit_returns_at_once"),
    ],
)
def test_the_first_failure_is_raised(check, make, message):
    """Check that all checks are carried out, and the first that fails is named."""
    with pytest.raises(AssertionError, match=message):
        check(make)


@pytest.mark.parametrize(
    ("check", "make"),
    [
        (testing.check_searcher, RandomSearcher),
        (testing.check_scheduler, lambda plan, seed: Full(plan.n_folds)),
        (testing.check_executor, broken.Threads),
    ],
)
def test_what_is_sound_passes(check, make):
    """Check that nothing is found where nothing is wrong, and the shared generator is as before."""
    before = np.random.get_state()[1].tolist()
    check(make)
    assert np.random.get_state()[1].tolist() == before


SCRIPT = """
import sys

for name in ("pytest", "_pytest", "hypothesis", "psutil"):
    sys.modules[name] = None  # an import of it raises

from autotune import Halving
from autotune.execution import InlineExecutor
from autotune.search import GridSearcher, RandomSearcher
from autotune.testing import check_executor, check_scheduler, check_searcher

check_searcher(RandomSearcher)
check_scheduler(Halving().scheduler)
check_executor(InlineExecutor)
try:
    check_searcher(lambda *args: GridSearcher(*args, 2, True).grid)
except AssertionError as error:
    print(error)
"""


def test_no_test_library_is_needed():
    """Check that the checks need neither pytest nor hypothesis, nor Python's own assertions."""
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-OO", "-c", SCRIPT], cwd=root, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("check_attributes: ")
    assert "is no Searcher" in run.stdout


def test_a_stranger_imports_nothing_private():
    """Check that what the documentation writes outside the package needs public names only."""
    page = Path(__file__).parents[2] / "docs" / "extending.md"
    imported = re.findall(r"^(?:>>> )?(?:from|import) (.*)$", page.read_text(), re.MULTILINE)
    assert len(imported) >= 10
    assert not [line for line in imported if re.search(r"\b_", line)]
