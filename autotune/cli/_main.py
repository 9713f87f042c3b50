"""The command line: ``autotune DATA.csv --target COLUMN`` and ``autotune demo``.

Exit codes: 0 when a model was tuned, 1 when the search failed, 2 for a call or data that
cannot be used, 130 when interrupted, 141 when whoever reads the output has closed it.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, NoReturn

from .._budget import Budget, check_budget
from .._version import __version__
from ._errors import FAILED, INTERRUPTED, PIPE_CLOSED, CliError, check_installed
from ._file import inspect
from ._names import (
    ALIASES,
    BOOSTING,
    CLASSIFICATION,
    MODELS,
    REGRESSION,
    STRATEGIES,
    check_metric,
    check_names,
)
from ._save import check_model_file, check_writable

# numpy, pandas and scikit-learn are imported by the functions that need them: help and most
# mistakes are answered before.

_EPILOG = """\
examples:
  autotune wine.csv --target quality
  autotune wine.csv --target quality --model svc,forest --budget 5min --save model.skops
  autotune demo

exit codes:
  0 a model was tuned, 1 the search failed, 2 the call or the data cannot be used, 130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    """Raises our error instead of printing the usage and leaving."""

    _given: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse arguments, which an error may have to look at again."""
        self._given = sys.argv[1:] if args is None else args
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        raise CliError(f"{message}{self._hint(message)} (see '{self.prog} --help')")

    def _hint(self, message: str) -> str:
        """Return the option or the value that is most like the one that a message is about."""
        option = re.fullmatch(r"unrecognized arguments: (--[\w-]+).*", message)
        choice = re.fullmatch(r"argument .*: invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if message.startswith("the following arguments are required"):
            close = self._misspelt()
        elif option is not None:
            close = get_close_matches(option[1], self._option_string_actions, n=1, cutoff=0.75)
        elif choice is not None:
            close = get_close_matches(choice[1], re.findall(r"[\w-]+", choice[2]), n=1)
        else:
            close = []
        return f"; did you mean {close[0]}?" if close else ""

    def _misspelt(self) -> list[str]:
        """Return what was meant by the first argument that is almost an option, or the demo."""
        known = [*(name for name in self._option_string_actions if name[:2] == "--"), "demo"]
        words = [word.partition("=")[0] for word in self._given]
        found = (get_close_matches(w, known, n=1, cutoff=0.75) for w in words if w not in known)
        return next(filter(None, found), [])


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
        except BrokenPipeError:  # whoever read the output has seen enough
            _discard_output()
            return PIPE_CLOSED
        except OSError as error:  # the disk is full, for example
            print(f"autotune: error: {error}", file=sys.stderr)
            _discard_output()
            return FAILED


def _run(argv: list[str]) -> int:
    """Run a command and return its exit code."""
    try:
        return _demo(argv[1:]) if argv[:1] == ["demo"] else _tune(argv)
    except CliError as error:
        print(f"autotune: error: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print("autotune: error: interrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        sys.stdout.flush()


def _discard_output() -> None:
    """Send what is still to be written to nobody, so that the process can end in silence."""
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


def _demo(argv: list[str]) -> int:
    """Run the demo."""
    args = _demo_parser().parse_args(argv)
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


def _tune(argv: list[str]) -> int:
    """Tune a model on the data of a file."""
    args = _parser().parse_args(argv)
    names = check_names(args.model)
    check_metric(args.scoring)
    if args.save is not None:
        check_model_file(args.save)
    if args.history is not None:
        check_writable("--history", args.history)
    for module in ("rich", "pandas"):
        check_installed(module, "the command line")
    inspect(args.data).check_target(args.target)

    from ._job import Job, Settings
    from ._models import make_model
    from ._report import make_console
    from ._scoring import check_scoring, check_suits
    from ._table import read_table

    check_scoring(args.scoring)
    table = read_table(args.data, args.target, args.task, args.na_values)
    check_suits(args.scoring, table.y, classifier=table.classifier)
    model = make_model(names, table.X, table.columns, classifier=table.classifier)
    settings = Settings(**{field.name: getattr(args, field.name) for field in fields(Settings)})
    return Job(table, model, settings, make_console()).run()


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the main command."""
    parser = _Parser(
        prog="autotune",
        usage="autotune DATA.csv --target COLUMN [options]\n       autotune demo [options]",
        description="Tune a scikit-learn model on the data of a file within a budget, and\n"
        "compare it with the untuned model on rows that took no part.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"autotune {__version__}")
    data = parser.add_argument_group("data")
    data.add_argument(
        "data",
        metavar="DATA.csv",
        help="CSV file with a header line, also .gz, .bz2, .xz; or a Parquet or Excel file",
    )
    data.add_argument("--target", required=True, metavar="COLUMN", help="column to predict")
    data.add_argument(
        "--task",
        choices=(CLASSIFICATION, REGRESSION),
        help="default: classification for text, true/false and few distinct whole numbers",
    )
    data.add_argument(
        "--na-values",
        type=_marks,
        default=(),
        metavar="MARK[,MARK...]",
        help='what else stands for a missing value, such as --na-values="-999,none given"; '
        "empty cells, NA, ? and their like always do",
    )
    data.add_argument(
        "--test-size",
        type=_share,
        default=0.2,
        metavar="SHARE",
        help="share of the rows held out for the comparison; 0: tune on all (default: 0.2)",
    )
    search = parser.add_argument_group("search")
    aliases = ", ".join(f"{alias} = {name}" for alias, name in ALIASES.items())
    search.add_argument(
        "--model",
        default=BOOSTING,
        metavar="NAME[,NAME...]",
        help=f"one of {', '.join(MODELS)}, or several to choose among; {aliases} "
        f"(default: {BOOSTING})",
    )
    _add_search_options(search, "60s")
    search.add_argument(
        "--scoring",
        metavar="METRIC",
        help="a name that scikit-learn knows, such as roc_auc (default: accuracy or R²)",
    )
    search.add_argument(
        "--cv", type=_folds, default=5, metavar="FOLDS", help="number of folds (default: 5)"
    )
    search.add_argument(
        "--jobs", type=_jobs, metavar="N", help="evaluations at a time, -1: one a core (default: 1)"
    )
    _add_output_options(parser)
    return parser


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add what says where the results go."""
    output = parser.add_argument_group("output")
    output.add_argument(
        "--save", metavar="FILE", help="save the tuned model as .skops, .joblib or .pkl"
    )
    output.add_argument("--history", metavar="FILE", help="write every evaluation to a CSV file")
    output.add_argument("--quiet", "-q", action="store_true", help="print only the comparison")


def _demo_parser() -> argparse.ArgumentParser:
    """Return the parser of the demo."""
    parser = _Parser(
        prog="autotune demo",
        description="Tune a support vector regression on data that come with scikit-learn.",
        allow_abbrev=False,
    )
    _add_search_options(parser, "20s")
    return parser


def _add_search_options(parser: Any, budget: str) -> None:
    """Add the options that the demo has too."""
    parser.add_argument(
        "--strategy",
        choices=STRATEGIES,
        default="auto",
        help="how configurations are found (default: auto)",
    )
    parser.add_argument(
        "--budget",
        type=_budget,
        default=_budget(budget),
        metavar="BUDGET",
        help=f"trials (40), a duration (90s, 5min, 1h30min), or both (40,90s) (default: {budget})",
    )
    parser.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="seed of all randomness (default: 0)"
    )


def _budget(text: str) -> Budget:
    """Return the budget that an argument stands for."""
    limits: dict[str, Any] = {}
    try:
        for part in text.split(","):
            parsed = check_budget(int(part) if part.strip().lstrip("+-").isdigit() else part)
            name = "trials" if parsed.trials else "seconds"
            if name in limits:
                raise ValueError(f"two limits in {name}")
            limits[name] = getattr(parsed, name)
        return Budget(**limits)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"must be a positive number of trials (40), a duration (90s, 5min, 1h30min), or "
            f"both (40,90s); got {text!r}"
        ) from error


def _marks(text: str) -> tuple[str, ...]:
    """Return the texts in a comma-separated list."""
    return tuple(mark.strip() for mark in text.split(",") if mark.strip())


def _share(text: str) -> float:
    """Return a share of the rows."""
    value = _number(float, text)
    if value is None or not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to below 1; got {text!r}")
    return value


def _folds(text: str) -> int:
    """Return a number of folds."""
    value = _number(int, text)
    if value is None or value < 2:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 2; got {text!r}")
    return value


def _jobs(text: str) -> int:
    """Return a number of jobs."""
    value = _number(int, text)
    if not value:
        raise argparse.ArgumentTypeError(f"must be a whole number other than 0; got {text!r}")
    return value


def _seed(text: str) -> int:
    """Return a seed."""
    value = _number(int, text)
    if value is None or not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 0; got {text!r}")
    return value


def _number(kind: Any, text: str) -> Any:
    """Return the number that a text is, None if it is none."""
    try:
        return kind(text)
    except ValueError:
        return None
