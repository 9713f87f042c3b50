"""The command line: ``autotune [fit] DATA.csv --target COLUMN``, ``predict``, ``show``, ``demo``.

Exit codes: 0 for success, 1 if the search failed, 2 for invalid arguments or data, 130 after
Ctrl-C, 141 if the reader of the output closed the pipe.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from typing import Any

from ._errors import FAILED, INTERRUPTED, OK, PIPE_CLOSED, CliError, check_installed
from ._file import inspect
from ._names import BOOSTING, FAMILIES, check_metric, check_names
from ._parsers import COMMANDS, make_parser
from ._save import (
    check_loadable,
    check_model_file,
    check_predictions_file,
    check_report_file,
    check_writable,
    is_model_file,
)
from ._space import read_space

# numpy, pandas and scikit-learn are imported by the functions that need them: help and most
# mistakes are answered before.


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments; None: those of the process.

    Returns
    -------
    code : int
        The exit code.
    """
    if argv is None:
        _spare_cores()
    argv = list(sys.argv[1:] if argv is None else argv)
    with _some_streams():
        try:
            return _run(argv)
        except BrokenPipeError:  # the reader closed the pipe
            _discard_output()
            return PIPE_CLOSED
        except OSError as error:  # the disk is full, for example
            print(f"autotune: error: {error}", file=sys.stderr)
            _discard_output()
            return FAILED


def _run(argv: list[str]) -> int:
    """Run a command and return its exit code."""
    try:
        named = argv[:1] != [] and argv[0] in COMMANDS
        command, words = (argv[0], argv[1:]) if named else ("fit", argv)
        return _COMMANDS[command](make_parser(command).parse_args(words))
    except CliError as error:
        print(f"autotune: error: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print("autotune: error: interrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        sys.stdout.flush()


def _discard_output() -> None:
    """Redirect pending output to nowhere, so that the process can exit without an error."""
    with open(os.devnull, "w", encoding="utf-8") as sink:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):  # a stream without a file
                os.dup2(sink.fileno(), stream.fileno())


def _spare_cores() -> None:
    """Let OpenMP's idle threads sleep, unless the user has said how they wait.

    Those that spin take the cores from all others. It is read when numpy or scikit-learn is
    imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@contextmanager
def _some_streams() -> Iterator[None]:
    """Put a sink where the process has no standard output or error."""
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as sink:
        sys.stdout, sys.stderr = (stream or sink for stream in before)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def _demo(args: Any) -> int:
    """Run the demo."""
    from ._demo import TEST_SIZE, TEXT, make_demo
    from ._job import Job, Settings
    from ._report import make_console

    settings = Settings(
        budget=args.budget, strategy=args.strategy, seed=args.seed, test_size=TEST_SIZE
    )
    console = make_console()
    console.print("autotune demo", style="bold")
    for line in TEXT:
        console.print(line)
    console.print()
    return Job(*make_demo(), settings, console).run()


def _fit(args: Any) -> int:
    """Tune a model on the data of a file."""
    names = check_names(args.model or (FAMILIES if args.space is None else BOOSTING))
    check_metric(args.scoring)
    if args.save is not None:
        check_model_file(args.save)
    if args.report is not None:
        check_report_file(args.report)
    for option in ("history", "storage"):
        if getattr(args, option) is not None:
            check_writable(f"--{option}", getattr(args, option))
    if args.space is not None and (len(names) > 1 or FAMILIES in names):
        raise CliError(f"--space needs a single --model; got {args.model}")
    space = None if args.space is None else read_space(args.space)
    _check_installed()
    inspect(args.data).check_target(args.target)

    from ._job import Job, Settings
    from ._models import complete_space, make_model
    from ._report import make_console
    from ._scoring import check_scoring, check_suits
    from ._table import read_table

    check_scoring(args.scoring)
    table = read_table(args.data, args.target, args.task, args.na_values, args.drop)
    check_suits(args.scoring, table.y, classifier=table.classifier)
    model = make_model(names, table.X, table.columns, classifier=table.classifier)
    given = {field.name: getattr(args, field.name) for field in fields(Settings)}
    given["space"] = "auto" if space is None else complete_space(space, model)
    return Job(table, model, Settings(**given), make_console()).run()


def _predict(args: Any) -> int:
    """Predict with a saved model."""
    check_loadable(args.model, trust=args.trust)
    if args.output is not None:
        check_predictions_file(args.output)
    _check_installed()
    from ._predict import predict

    predict(
        args.model,
        args.data,
        args.output,
        proba=args.proba,
        keep=args.keep,
        na_values=args.na_values,
        trust=args.trust,
    )
    return OK


def _show(args: Any) -> int:
    """Tell what is in a model or a storage file."""
    if args.history is not None:
        check_writable("--history", args.history)
    if args.report is not None:
        check_report_file(args.report)
    is_model = is_model_file(args.file)
    if is_model:
        check_loadable(args.file, trust=args.trust)
    elif not os.path.isfile(args.file):  # else it would be taken for one that is yet to be filled
        raise CliError(f"cannot read {args.file}: No such file")
    _check_installed()
    from ._show import show_model, show_storage

    if is_model:
        show_model(args.file, args.report, trust=args.trust)
    else:
        show_storage(args.file, args.top, args.search, args.history, args.report)
    return OK


def _check_installed() -> None:
    """Check that what the command line needs is there."""
    for module in ("rich", "pandas"):
        check_installed(module, "the command line")


_COMMANDS = {"fit": _fit, "predict": _predict, "show": _show, "demo": _demo}
