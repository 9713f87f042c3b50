"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import sklearn

from .._texts import short_repr
from .._version import __version__
from ..pictures import KINDS, Search, render_png
from ..results import Cause, score_text
from . import _words as words
from ._code import code_of
from ._facts import Facts
from ._markup import Markup, join, tag
from ._parameters import Parameter, parameters_of
from ._space import effects
from ._table import trials_table
from ._texts import shorten

_CAPTIONS = {
    "history": "The score of each trial and the best so far, by trials and by time. The dashed "
    "line is the untuned model. Pruned trials were stopped early.",
    "folds": "The scores of the best trials on each fold. Where they overlap, the order of the "
    "trials is partly chance.",
    "parameters": "The score against the value of each parameter. Where the best scores are, good "
    "values are.",
    "importance": "How much of the differences between scores each parameter explains, alone and "
    "together with another one.",
    "parallel": "Each line is a trial, through the values of its parameters to its score.",
    "schedule": "What ran when.",
}
_BACKGROUNDS = {"default": "#ffffff", "dark_background": "#15191e"}  # as in page.css
_MOST_TRIALS = 20  # whose numbers are listed beside a cause
_NO_CODE = (
    "A parameter has a value that cannot be written as code. To keep the model, save it: "
    "joblib.dump(model, 'model.joblib')."
)


def write_report(source: Any, path: Any) -> None:
    """Write the report of a fitted estimator, or of a study in a storage file, to a file.

    Raises
    ------
    TypeError
        If ``path`` is no path.
    OSError
        If the file cannot be written.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a str or a path of an HTML file; got {short_repr(path)}")
    Path(path).write_text(make_page(source), encoding="utf-8")


def make_page(source: Any) -> str:
    """Return the report of a fitted estimator, or of a study in a storage file, as HTML."""
    facts = Facts.of(source)
    sections = {
        "What was gained": _gain(facts),
        "How sure this is": _paragraphs(words.certainty(facts)),
        "What was tried": _tried(facts),
        "What limited it": _items(words.limits(facts)),
        "What to try next": _items(words.advice(facts)),
        "Pictures": _pictures(facts.search),
        "Trials": trials_table(facts.search),
        "Failures": _failures(facts.causes),
    }
    if facts.study is None:
        sections["The model as code"] = _code(facts.model)
    ids = {title: title.lower().replace(" ", "-") for title in sections}
    links = [tag("a", title, href=f"#{ids[title]}") for title in sections]
    parts = [
        tag("section", tag("h2", title), content, id=ids[title])
        for title, content in sections.items()
    ]
    n_more = max(len(facts.search.weights) - 1, 0)
    title = f"Tuning report: {facts.chosen}{f' and {n_more} more' if n_more else ''}"
    versions = f"Made by autotune {__version__} with scikit-learn {sklearn.__version__}."
    body = tag(
        "body",
        tag(
            "header",
            tag("h1", title),
            tag("p", words.verdict(facts), class_="lead"),
            *[tag("p", text, class_="quiet") for text in words.source(facts)],
        ),
        tag("nav", *links, aria_label="Sections"),
        tag("main", *parts),
        tag("footer", tag("p", versions, class_="quiet")),
        tag("script", _script()),
    )
    html = tag("html", _head(title), body, lang="en")
    return f"<!DOCTYPE html>\n{html}\n"


def _head(title: str) -> Markup:
    """Return the head, which allows the page no request and no script but its own."""
    digest = base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(_read("page.css"))),
    )


def _script() -> Markup:
    """Return what sorts and filters the table."""
    return Markup(_read("page.js"))


def _read(name: str) -> str:
    """Return a file of this folder."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _paragraphs(texts: list[str]) -> Markup:
    """Return texts, one a paragraph."""
    return join([tag("p", text) for text in texts])


def _items(texts: list[str]) -> Markup:
    """Return texts as a list."""
    return tag("ul", *[tag("li", text) for text in texts])


def _gain(facts: Facts) -> Markup:
    """Return the scores side by side."""
    outcome, sign = facts.outcome, facts.search.meaning.sign
    low, high = score_text(outcome.low), score_text(outcome.high)
    cards = [
        ("untuned", score_text(outcome.untuned), f"{facts.untuned}, its own parameters"),
        ("tuned", score_text(outcome.tuned), f"{facts.chosen}, mean over the folds"),
        (
            "difference",
            score_text(sign * outcome.gain, sign="+"),
            f"{'higher' if sign > 0 else 'lower'} is better",
        ),
    ]
    if np.isfinite(outcome.expected):
        cards.append(("on new data", score_text(outcome.expected), f"95 %: {low} to {high}"))
    items = [
        tag("div", tag("dt", name), tag("dd", value, tag("small", note)))
        for name, value, note in cards
    ]
    return join([tag("dl", *items, class_="cards"), _paragraphs(words.final_model(facts))])


def _tried(facts: Facts) -> Markup:
    """Return what was tried, and the parameters of the chosen trial with their ranges."""
    shares = effects(facts.importance)
    parameters = parameters_of(facts.search, facts.scales, shares)
    if not parameters:
        return _paragraphs(words.effort(facts))
    headings = ["parameter", "chosen", "where on its range", "untuned", "searched"]
    headings += ["importance"] if shares else []
    table = tag(
        "table",
        tag("thead", tag("tr", *[tag("th", heading, scope="col") for heading in headings])),
        tag("tbody", *[_parameter_row(one, bool(shares)) for one in parameters]),
    )
    name = "Parameters of the chosen trial"
    scroll = tag("div", table, class_="scroll", tabindex="0", role="region", aria_label=name)
    return join([_paragraphs(words.effort(facts)), tag("h3", name), scroll])


def _parameter_row(parameter: Parameter, has_shares: bool) -> Markup:
    """Return a parameter of the chosen trial."""
    share = "" if np.isnan(parameter.share) else f"{parameter.share:.0%}"
    return tag(
        "tr",
        tag("th", parameter.name, scope="row"),
        tag("td", tag("b", parameter.value)),
        tag("td", range_bar(parameter.place)),
        tag("td", parameter.untuned),
        tag("td", parameter.searched),
        tag("td", share, class_="number") if has_shares else None,
    )


def range_bar(place: float) -> Markup | None:
    """Return a line with a mark at a place between 0 and 1, None where there is none."""
    if np.isnan(place):
        return None
    text = f"{place:.0%} of the way from the lowest to the highest value"
    mark = tag("i", style=f"left:{place:.1%}")
    return tag("div", mark, class_="range", role="img", aria_label=text, title=text)


def _pictures(search: Search) -> Markup:
    """Return all pictures, or say why there are none."""
    try:
        import matplotlib  # noqa: F401  # only to see whether it is there
    except ImportError:
        text = 'Pictures need matplotlib: pip install "autotune-sklearn[plot]"'
        return tag("p", text, class_="quiet")
    return join([_picture(kind, search) for kind in KINDS])


def _picture(kind: str, search: Search) -> Markup:
    """Return a picture on a light and on a dark background, or say why there is none."""
    try:
        picture = KINDS[kind].of(search)
        light, dark = (
            _data_address(render_png(picture, style, _on(colour)))
            for style, colour in _BACKGROUNDS.items()
        )
    except ValueError as error:  # there is nothing to show
        return tag("p", f"No picture of the {kind}: {error}.", class_="quiet")
    caption = _CAPTIONS[kind]
    source = tag("source", srcset=dark, media="(prefers-color-scheme: dark)")
    image = tag("img", src=light, alt=f"{kind}: {caption}", loading="lazy")
    return tag("figure", tag("picture", source, image), tag("figcaption", caption))


def _on(colour: str) -> dict[str, Any]:
    """Return matplotlib's settings for a background."""
    names = ("figure.facecolor", "axes.facecolor", "savefig.facecolor")
    return dict.fromkeys(names, colour)


def _data_address(image: bytes) -> str:
    """Return an image as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(image).decode()}"


def _failures(causes: list[Cause]) -> Markup:
    """Return the errors, what failed alike together."""
    if not causes:
        return tag("p", "No trial failed.")
    return join([_cause(cause) for cause in causes])


def _cause(cause: Cause) -> Markup:
    """Return what some trials failed with."""
    n, word = len(cause.trials), words.STATUS_WORDS[cause.status]
    numbers = ", ".join(map(str, cause.trials[:_MOST_TRIALS])) + (", …" if n > _MOST_TRIALS else "")
    return tag(
        "details",
        tag("summary", tag("b", f"{n} times "), f"{word}: {shorten(cause.message, 300)}"),
        tag("p", f"Trials {numbers}. The first error in full:", class_="quiet"),
        tag("pre", cause.error or "There is no text.", tabindex="0"),
    )


def _code(model: Any) -> Markup:
    """Return the code that makes the chosen model anew."""
    if model is None:
        text = "There is no model to write down, because of refit=False; see best_params_."
        return tag("p", text)
    code = code_of(model)
    if code is None:
        return tag("p", _NO_CODE)
    lead = tag("p", "This makes the chosen model without tuning, with X and y as passed to fit:")
    return join([lead, tag("pre", tag("code", code), tabindex="0")])
