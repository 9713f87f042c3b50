from __future__ import annotations

import threading

import numpy as np
import pytest
import scipy.sparse
from estimators import ToyTask
from workers import answer, call, collect, job, meet, run, shared_folders

from autotune.execution.processes._executor import ProcessExecutor
from autotune.history import COMPLETE, FAILED


def test_large_arrays_are_shared(tmp_path):
    """Check that all workers map one file, read-only."""

    def describe(data):
        array = data["X"]
        return type(array).__name__, str(array.filename), array.flags.writeable, array.sum()

    X = np.ones((1000, 300))
    with ProcessExecutor(ToyTask({"X": X, "same": X, "y": np.zeros(10)}), 2) as executor:
        assert len(meet(executor, tmp_path)) == 2
        for trial in range(2):
            executor.submit(call(describe, trial))
        first, second = (outcome.model for outcome in collect(executor, 2))
        assert first == second
        assert (first[0], first[2], first[3]) == ("memmap", False, 300_000)
        (folder,) = shared_folders()
        assert [str(path) for path in folder.iterdir()] == [first[1]]


def test_an_array_that_is_mapped_already_is_not_copied(tmp_path):
    """Check that workers map the user's own file, also for a part of it."""
    path = tmp_path / "X.npy"
    np.save(path, np.arange(1_000_000.0).reshape(1000, 1000))
    X = np.load(path, mmap_mode="r")[100:600]
    with ProcessExecutor(ToyTask(X)) as executor:
        name, total = answer(executor, lambda data: (str(data.filename), data.sum()))
        assert (name, total) == (str(path), X.sum())
        assert not shared_folders()


def test_data_arrive_whole():
    """Check that every kind of data is the same in a worker, and comes back the same."""
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    array = np.random.default_rng(0).normal(size=(50_000, 4))
    frame = pandas.DataFrame(array, columns=list("abcd")).assign(text="text")
    data = {
        "fortran": np.asfortranarray(array),
        "view": array[::-1, :3],
        "objects": array.astype(object),
        "text": array.astype("U20"),
        "sparse": scipy.sparse.csr_matrix(np.where(array > 0, array, 0)),
        "pandas": frame,
        "polars": polars.DataFrame(frame),
    }
    with ProcessExecutor(ToyTask(data)) as executor:
        back = answer(executor, lambda data: data)
    for name in ("fortran", "view", "objects", "text"):
        np.testing.assert_array_equal(back[name], data[name], err_msg=name)
    assert back["fortran"].flags.f_contiguous
    assert (back["sparse"] != data["sparse"]).nnz == 0
    assert back["pandas"].equals(frame)
    assert back["polars"].equals(data["polars"])


def test_a_model_does_not_hold_mapped_files():
    """Check that a result that refers to the shared data comes back as an ordinary array."""
    with ProcessExecutor(ToyTask(np.ones(500_000))) as executor:
        model = answer(executor, lambda data: {"kept": data})
        assert type(model["kept"]) is np.ndarray
        assert model["kept"].flags.writeable


def test_refit_returns_the_model():
    """Check that the fitted model comes back."""
    with ProcessExecutor(ToyTask()) as executor:
        model = run(executor, job(fold=None, C=3.0)).model
        assert (model.C, model.commonest_) == (3.0, 1)


def test_a_task_that_cannot_travel():
    """Check that the error says what is wrong, before anything is submitted."""
    with pytest.raises(TypeError, match=r"cannot be sent to worker processes: TypeError: .*lock"):
        ProcessExecutor(ToyTask(threading.Lock()))


class Fussy(Exception):
    """Cannot be unpickled: its arguments are not those of ``__init__``."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def _raise_fussy(data):
    raise Fussy(1, 2)


def _raise_unpicklable(data):
    error = ValueError("holds a lock")
    error.lock = threading.Lock()
    raise error


STUCK = [  # function, what the error says, what is raised instead
    (lambda data: threading.Lock(), "could not be sent back: TypeError: cannot pickle", None),
    (_raise_fussy, "1 and 2", RuntimeError),
    (_raise_unpicklable, "holds a lock", RuntimeError),
]


def test_results_that_cannot_travel():
    """Check that they are failed evaluations, and the worker goes on."""
    with ProcessExecutor(ToyTask()) as executor:
        for function, error, exception in STUCK:
            outcome = run(executor, call(function))
            assert outcome.evaluation.status == FAILED
            assert error in outcome.evaluation.error
            assert exception is None or type(outcome.exception) is exception
        assert run(executor, job()).evaluation.status == COMPLETE


def test_jobs_that_cannot_travel():
    """Check that a configuration that cannot be pickled, or not loaded, is a failed one."""

    class Unloadable:
        def __reduce__(self):
            return int, ("not a number",)

    with ProcessExecutor(ToyTask()) as executor:
        evaluation = run(executor, job(7, C=threading.Lock())).evaluation
        assert (evaluation.trial, evaluation.status) == (7, FAILED)
        assert "The configuration could not be sent: TypeError" in evaluation.error
        evaluation = run(executor, job(8, C=Unloadable())).evaluation
        assert (evaluation.trial, evaluation.status) == (8, FAILED)
        assert "not a number" in evaluation.error


def test_large_jobs_and_results():
    """Check that what does not fit into a connection's buffer travels, too."""
    parts = np.arange(200_000)
    with ProcessExecutor(ToyTask()) as executor:
        total, back = answer(executor, lambda data, parts=parts: (int(parts.sum()), parts))
        assert total == parts.sum()
        np.testing.assert_array_equal(back, parts)
