"""The argument parsers, one per command."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from .._version import __version__
from . import _options as options
from ._errors import CliError
from ._names import ALIASES, BOOSTING, CLASSIFICATION, FAMILIES, MODELS, REGRESSION, STRATEGIES

COMMANDS = {
    "fit": "tune a model on a data file (the word may be omitted)",
    "predict": "predict with a saved model",
    "show": "describe a saved model or a storage file",
    "demo": "tune a model on a data set of scikit-learn",
}
_EPILOG = """\
other commands, each with a --help of its own:
{commands}

examples:
  autotune wine.csv --target quality
  autotune wine.csv --target quality --model svc,forest --budget 5min --save model.skops
  autotune predict model.skops new_wine.csv --output predictions.csv
  autotune demo

exit codes:
  0 a model was tuned, 1 the search failed, 2 invalid arguments or data, 130 interrupted
"""
_DATA_HELP = "CSV file with a header line, also .gz, .bz2, .xz; or a Parquet or Excel file"


class _Parser(argparse.ArgumentParser):
    """Raises ``CliError`` instead of printing the usage and exiting."""

    _given: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse arguments, and keep them for error messages."""
        self._given = sys.argv[1:] if args is None else args
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        raise CliError(f"{message}{self._hint(message)} (see '{self.prog} --help')")

    def _hint(self, message: str) -> str:
        """Return a suggestion for the option or value in a message."""
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
        """Return the option or command that the first misspelt argument resembles."""
        options = (name for name in self._option_string_actions if name[:2] == "--")
        known = [*options, *COMMANDS]
        words = [word.partition("=")[0] for word in self._given]
        found = (get_close_matches(w, known, n=1, cutoff=0.75) for w in words if w not in known)
        return next(filter(None, found), [])


def make_parser(command: str) -> argparse.ArgumentParser:
    """Return the parser of a command."""
    return {"fit": _fit, "predict": _predict, "show": _show, "demo": _demo}[command]()


def _fit() -> argparse.ArgumentParser:
    """Return the parser of ``autotune fit``."""
    others = (f"  {name:8} {text}" for name, text in COMMANDS.items())
    parser = _Parser(
        prog="autotune",
        usage="autotune [fit] DATA.csv --target COLUMN [options]\n"
        "       autotune predict MODEL DATA.csv [options]\n"
        "       autotune show FILE [options]\n"
        "       autotune demo [options]",
        description="Tune a scikit-learn model on the data of a file within a budget, and\n"
        "compare it with the untuned model on held-out rows.",
        epilog=_EPILOG.format(commands="\n".join(others)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"autotune {__version__}")
    data = parser.add_argument_group("data")
    data.add_argument("data", metavar="DATA.csv", help=_DATA_HELP)
    data.add_argument("--target", required=True, metavar="COLUMN", help="column to predict")
    data.add_argument(
        "--task",
        choices=(CLASSIFICATION, REGRESSION),
        help="default: classification for text, true/false and few distinct integers",
    )
    data.add_argument(
        "--drop",
        type=options.marks,
        default=(),
        metavar="COLUMN[,COLUMN...]",
        help="columns to leave out",
    )
    _add_na_values(data)
    data.add_argument(
        "--test-size",
        type=options.share,
        default=0.2,
        metavar="SHARE",
        help="share of the rows held out for the comparison; 0: tune on all (default: 0.2)",
    )
    search = parser.add_argument_group("search")
    aliases = ", ".join(f"{alias} = {name}" for alias, name in ALIASES.items())
    search.add_argument(
        "--model",
        metavar="NAME[,NAME...]",
        help=f"one of {', '.join(MODELS)}, or several to choose among; {aliases} "
        f"(default: {FAMILIES}, which averages the best of its models, or {BOOSTING} with --space)",
    )
    search.add_argument(
        "--space",
        metavar="SPACE",
        help="search space, as a Python literal or a file with one: "
        "--space=\"{'C': (0.1, 100.0, 'log-uniform')}\" (default: the built-in space)",
    )
    _add_search_options(search, "60s")
    search.add_argument(
        "--storage",
        metavar="FILE.db",
        help="save every evaluation in this file; the same command continues from there",
    )
    search.add_argument(
        "--scoring",
        metavar="METRIC",
        help="a scorer of scikit-learn, such as roc_auc (default: accuracy or R²)",
    )
    search.add_argument(
        "--cv", type=options.folds, default=5, metavar="FOLDS", help="number of folds (default: 5)"
    )
    search.add_argument(
        "--jobs",
        type=options.jobs,
        metavar="N",
        help="number of parallel evaluations; -1: one per core (default: 1)",
    )
    _add_output_options(parser)
    return parser


def _predict() -> argparse.ArgumentParser:
    """Return the parser of ``autotune predict``."""
    parser = _Parser(
        prog="autotune predict",
        description="Predict with a model that 'autotune ... --save' has written.",
        allow_abbrev=False,
    )
    parser.add_argument("model", metavar="MODEL", help="a .skops, .joblib or .pkl file")
    parser.add_argument("data", metavar="DATA.csv", help=_DATA_HELP)
    parser.add_argument(
        "--output",
        "-o",
        metavar="FILE",
        help="write to this .csv (also .gz) or .parquet file (default: CSV to the screen)",
    )
    parser.add_argument(
        "--proba", action="store_true", help="add a column with the probability of each class"
    )
    parser.add_argument(
        "--keep",
        type=options.marks,
        default=(),
        metavar="COLUMN[,COLUMN...]",
        help="columns of the data to write before the predictions",
    )
    _add_na_values(parser)
    _add_trust(parser)
    return parser


def _show() -> argparse.ArgumentParser:
    """Return the parser of ``autotune show``."""
    parser = _Parser(
        prog="autotune show",
        description="Describe a saved model, or the searches in a storage file.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "file", metavar="FILE", help="a model (.skops, .joblib, .pkl) or a storage file"
    )
    parser.add_argument(
        "--top",
        type=options.amount,
        default=5,
        metavar="N",
        help="number of trials to list per search (default: 5)",
    )
    parser.add_argument("--history", metavar="FILE", help="write every evaluation to a CSV file")
    parser.add_argument(
        "--search",
        type=options.amount,
        metavar="N",
        help="the search in a storage file to describe (default: all, and the report of the last)",
    )
    parser.add_argument(
        "--report",
        metavar="FILE.html",
        help="write the HTML report of a search in a storage file, or of a model that holds its "
        "search",
    )
    _add_trust(parser)
    return parser


def _add_na_values(parser: Any) -> None:
    """Add the option for missing values."""
    parser.add_argument(
        "--na-values",
        type=options.marks,
        default=(),
        metavar="MARK[,MARK...]",
        help='additional markers of missing values, such as --na-values="-999,none given"; '
        "empty cells, NA, ? and the like are always missing",
    )


def _add_trust(parser: Any) -> None:
    """Add the option that allows a model file to run code."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="load a model file that can run arbitrary code, such as a pickle",
    )


def _add_output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for output."""
    output = parser.add_argument_group("output")
    output.add_argument(
        "--save", metavar="FILE", help="save the tuned model as .skops, .joblib or .pkl"
    )
    output.add_argument("--history", metavar="FILE", help="write every evaluation to a CSV file")
    output.add_argument(
        "--report",
        metavar="FILE.html",
        help="write a report of the search, to be read in a browser",
    )
    output.add_argument("--quiet", "-q", action="store_true", help="print only the comparison")


def _demo() -> argparse.ArgumentParser:
    """Return the parser of ``autotune demo``."""
    parser = _Parser(
        prog="autotune demo",
        description="Tune a support vector regression on a data set of scikit-learn.",
        allow_abbrev=False,
    )
    _add_search_options(parser, "20s")
    return parser


def _add_search_options(parser: Any, budget: str) -> None:
    """Add the options that ``fit`` and ``demo`` share."""
    parser.add_argument(
        "--strategy",
        choices=STRATEGIES,
        default="auto",
        help="how configurations are found (default: auto)",
    )
    parser.add_argument(
        "--budget",
        type=options.budget,
        default=options.budget(budget),
        metavar="BUDGET",
        help=f"trials (40), a duration (90s, 5min, 1h30min), or both (40,90s) (default: {budget})",
    )
    parser.add_argument(
        "--seed",
        type=options.seed,
        default=0,
        metavar="N",
        help="seed of all randomness (default: 0)",
    )
