"""Which tuner has the better model after the same seconds on one core, and when.

    python benchmarks/race.py --out cells.jsonl                  10 and 60 s, one seed: many hours
    python benchmarks/race.py --budgets 10 --seeds 0 1 2 --out cells.jsonl      continues the file
    python benchmarks/race.py --data tuning --models SVC MLP --tuners ours ours-racing optuna
    python benchmarks/race.py --family users --budgets 10 --out users.jsonl     spaces of users
    python benchmarks/race.py --report cells.jsonl --plot score_vs_time.svg     runs nothing

The tasks are real data sets (``keel.py``), five models and seeds, or with ``--family users`` the
spaces of ``race_users.py``; see ``race_tasks.py`` and
``race_tuners.py`` for what the tuners get, ``race_report.py`` for what the tables mean. The
budget is the wall time of the whole fit. Every cell is a process of its own, with one thread and
bound to one core; it is killed when it takes more than four times its budget and a minute. What
failed or was killed counts as the untuned default. How the rows held out are scored in the course
of time is found out after the timed part, by fitting again what had improved the search.

A tuner's name may carry a label, ``ours@before``, to tell versions apart within one file.
Every finished cell goes to the file given by ``--out`` at once, and is not run again.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import keel
import numpy as np
import race_report
import race_users
from race_tasks import MODELS, Task
from race_tuners import DEFAULT, OURS, TUNERS, Log, check_tuner, is_installed, tuner
from versions import versions

COMPARED = (
    "autotune-sklearn",
    "scikit-learn",
    "scikit-optimize",
    "optuna",
    "optuna-integration",
    "flaml",
    "smac",
    "numpy",
)
AFTERWARDS = 600.0  # seconds for scoring what was found
BUDGETS = (10.0, 60.0)
POINTS = 12  # of a trace
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Cell = dict[str, Any]  # tuner, data, model, seed, budget
KEYS = ("tuner", "data", "model", "seed", "budget")


def child(cell: Cell, result: Path) -> None:
    """Run one cell in this process; write what was found, then once more with the trace."""
    warnings.simplefilter("ignore")  # what the models warn of is not the subject
    search = tuner(cell["tuner"])
    task = Task(cell["data"], cell["model"], cell["seed"])
    task.folds, task.space  # noqa: B018  # made before the clock starts
    log = Log()
    try:
        model = search(task, cell["budget"], log)
    except Exception as error:
        text = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        write(result, {"error": text, "wall": log.elapsed})
        return
    wall = log.elapsed
    gains = task.row_scores(model) - task.row_scores(task.fit({}))
    found: dict[str, Any] = {
        "wall": wall,
        "held_out": task.score(model),
        "gain": float(np.mean(gains)),
        "gain_se": float(np.std(gains, ddof=1) / math.sqrt(len(gains))),
        "trials": log.trials,
        "evaluations": log.evaluations,
        "cv_score": log.cv_score if log.improvements else None,
        "trace": [],
    }
    write(result, found)
    found["trace"] = trace(task, log, found, cell["budget"])
    write(result, found)


def trace(task: Task, log: Log, found: dict[str, Any], budget: float) -> list[tuple[float, float]]:
    """Return seconds and held-out score of the best candidate, and of the model in the end.

    The last candidate within the budget is among them.
    """
    found_at = [(seconds, params) for seconds, params, _ in log.improvements]
    in_time = [point for point in found_at if point[0] <= budget]
    earlier = thinned(in_time[:-1]) + in_time[-1:] + thinned(found_at[len(in_time) :])
    points = []
    for seconds, params in earlier:
        try:
            points.append((seconds, task.score(task.fit(params))))
        except ValueError as error:
            print(f"no score for {params}: {error}", file=sys.stderr)
    return [*points, (found["wall"], found["held_out"])]


def thinned(points: list[tuple[float, Any]]) -> list[tuple[float, Any]]:
    """Drop those that were soon replaced, relative to their time, until few are left."""
    points = list(points)
    while len(points) > POINTS:
        ratios = [b[0] / max(a[0], 1e-9) for a, b in pairwise(points[1:])]
        del points[1 + int(np.argmin(ratios))]
    return points


def write(path: Path, found: dict[str, Any]) -> None:
    """Replace a file by one that is whole."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(found))
    temporary.replace(path)


class Runner:
    """Runs cells in processes, each on a core of its own.

    Parameters
    ----------
    jobs : int
        Number of cells at a time.
    """

    def __init__(self, jobs: int):
        self._stop = threading.Event()
        self._cores: queue.SimpleQueue[int] = queue.SimpleQueue()
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
        for job in range(jobs):
            self._cores.put(cores[-1 - job % len(cores)])
        self._pool = ThreadPoolExecutor(jobs)

    def map(self, cells: list[Cell]) -> Iterator[dict[str, Any]]:
        """Yield what was found, in the order of the cells."""
        try:
            yield from self._pool.map(self._run, cells)
        finally:
            self._stop.set()
            self._pool.shutdown(cancel_futures=True)

    def command(self, cell: Cell) -> list[str]:
        """Return the interpreter and the script for a cell."""
        return [sys.executable, __file__]

    def _run(self, cell: Cell) -> dict[str, Any]:
        """Run one cell and return its record."""
        core = self._cores.get()
        try:
            with tempfile.TemporaryDirectory() as folder:
                load = os.getloadavg()[0]
                found = self._watch(cell, core, Path(folder))
            return cell | {"load": load} | found
        finally:
            self._cores.put(core)

    def _watch(self, cell: Cell, core: int, folder: Path) -> dict[str, Any]:
        """Return what a child reports, or how it ended instead."""
        result, errors = folder / "result", folder / "errors"
        command = [*self.command(cell), "--child", json.dumps(cell), str(result), str(core)]
        with errors.open("w") as stderr:
            process = subprocess.Popen(
                command,
                env=os.environ | dict.fromkeys(THREADS, "1"),
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )
        limit = time.monotonic() + 4 * cell["budget"] + 60
        try:
            while process.poll() is None and not self._stop.is_set():
                allowed = limit + AFTERWARDS if result.exists() else limit
                if time.monotonic() > allowed:
                    break
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.2)
        finally:
            if process.poll() is None:  # the leader still stands for its group
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if result.exists():
            return json.loads(result.read_text())
        if process.returncode == -signal.SIGKILL:
            return {"error": "killed", "wall": 4 * cell["budget"] + 60}
        lines = errors.read_text().strip().splitlines() or [""]
        return {"error": f"died: {lines[-1][:200]}", "wall": None}


def cells_of(args: argparse.Namespace) -> Iterator[Cell]:
    """Yield the cells, those of one task next to each other."""
    tuners = []
    for name in args.tuners or TUNERS:
        if is_installed(name):
            tuners.append(name)
        else:
            print(f"{name} is left out: its package is not installed", file=sys.stderr)
    for seed in args.seeds or [0]:
        for data, model in tasks_of(args):
            pairs = [(t, b) for b in args.budgets or BUDGETS for t in tuners]
            entries = [(DEFAULT, 0.0), *pairs]
            for entry, budget in entries:
                yield dict(zip(KEYS, (entry, data, model, seed, budget), strict=True))


def tasks_of(args: argparse.Namespace) -> list[tuple[str, str]]:
    """Return data sets and models, those that were named of the family that was."""
    if args.family == "users":
        known = race_users.pairs(tuple(args.data_sets or race_users.REPORT))
        return [(data, model) for data, model in known if model in (args.models or [model])]
    return [
        (data, model) for data in args.data_sets or keel.REPORT for model in args.models or MODELS
    ]


def run_child(arguments: list[str], child: Callable[[Cell, Path], None]) -> None:
    """Run the cell of a child process, bound to its core: what ``Runner`` has passed to it."""
    cell, result, core = arguments
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core)})
    child(json.loads(cell), Path(result))


def data_sets(names: list[str] | None, family: str) -> list[str] | None:
    """Return the data sets that were named, those of a half for its name."""
    if names is None:
        return None
    halves = {"tuning": keel.TUNING, "report": keel.REPORT}
    if family == "users":
        halves = {"tuning": race_users.TUNING, "report": race_users.REPORT}
    return [data for name in names for data in halves.get(name, (name,))]


def key(cell: Cell) -> tuple[Any, ...]:
    """Return what tells cells apart."""
    return tuple(cell[name] for name in KEYS)


def run(args: argparse.Namespace, cells: list[Cell]) -> list[dict[str, Any]]:
    """Run the cells that the file does not have, and return all that it has in the end."""
    path = Path(args.out) if args.out else None
    records = race_report.read([path]) if path and path.exists() else []
    known = {key(record) for record in records if "tuner" in record}
    missing = [cell for cell in cells if key(cell) not in known]
    note(path, records, {"versions": setting()})
    runner = Runner(args.jobs)
    try:
        for number, record in enumerate(runner.map(missing), 1):
            note(path, records, record)
            print(f"{number}/{len(missing)} {text(record)}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("interrupted: the tables show what is there", file=sys.stderr)
    return records


def note(path: Path | None, records: list[dict[str, Any]], record: dict[str, Any]) -> None:
    """Remember a record, in the file too."""
    records.append(record)
    if path:
        with path.open("a") as file:
            file.write(json.dumps(record) + "\n")


def text(record: dict[str, Any]) -> str:
    """Return a line about a cell."""
    name = "{data} {model} seed {seed}, {budget:g} s, {tuner}: ".format(**record)
    if "error" in record:
        return name + record["error"]
    return name + (
        f"{record['held_out']:.4f} (gain {record['gain']:+.4f} +- {record['gain_se']:.4f}), "
        f"{record['wall']:.1f} s, {record['trials']} trials, {record['evaluations']} evaluations, "
        f"{len(record['trace'])} points"
    )


def setting() -> str:
    """Return what is compared, and on what."""
    return f"Python {sys.version.split()[0]}, {versions(*COMPARED)}; {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budgets", type=float, nargs="+", help="seconds")
    parser.add_argument("--data", nargs="+", help="tuning, report, or names of data sets")
    parser.add_argument(
        "--family", choices=("built-in", "users"), default="built-in", help="whose spaces"
    )
    parser.add_argument("--models", nargs="+", choices=[*MODELS, *race_users.SETUPS])
    parser.add_argument("--tuners", nargs="+", type=check_tuner)
    parser.add_argument("--seeds", type=int, nargs="+")
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time, a core each")
    parser.add_argument("--out", help="JSON lines: cells found there are not run again")
    parser.add_argument("--report", nargs="+", metavar="FILE", help="tables of such files only")
    parser.add_argument("--ours", default=OURS, help="the tuner that the others are compared to")
    parser.add_argument("--plot", metavar="FILE", help="picture of score against time")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.data_sets = data_sets(args.data, args.family)
    if args.child:
        run_child(args.child, child)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a child is ended, too
    if args.report:
        records = race_report.read([Path(name) for name in args.report])
    else:
        records = run(args, list(cells_of(args)))
    cells = race_report.chosen(records, args)
    race_report.print_tables(records, cells, args.ours)
    if args.plot:
        race_report.plot(cells, args.plot)


if __name__ == "__main__":
    main()
