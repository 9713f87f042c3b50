"""Drawings: compared with references as text, which no font changes, and measured at any size."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from drawings import describe, split_numbers
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from test_pictures import make_search

from autotune import TuningDisplay
from autotune.history import DROPPED, TIMEOUT
from autotune.pictures._canvas import Canvas
from autotune.pictures._importance import ImportancePicture
from autotune.pictures._kinds import KINDS
from autotune.pictures._nested import Choice, NestedPicture
from autotune.results import Metric

mpl.use("Agg")
FOLDER = Path(__file__).parent / "references"
STYLES = ("default", "dark_background")
NAN = np.nan


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def small_search():
    """Return a search with a trial of each kind, whose final model averages two."""
    numbers = {"C": (1.0, 100.0, "log-uniform"), "depth": (1, 9)}
    space = [
        {**numbers, "kernel": ["rbf", "poly"], "leaves": [2, 4, 8, None]},
        {"C": numbers["C"], "kernel": ["linear"]},
    ]
    trials = [
        ({"C": 1.0, "depth": 3, "kernel": "rbf", "leaves": None}, [0.5, 0.7, 0.6]),
        ({"C": 100.0, "depth": 5, "kernel": "rbf", "leaves": 4}, [0.9, 0.7, 0.8]),
        ({"C": 10.0, "kernel": "linear"}, [0.65], DROPPED),
        ({"C": 20.0, "depth": 9, "kernel": "poly", "leaves": 8}, [], TIMEOUT),
        ({"C": 30.0, "kernel": "linear"}, [0.6, 0.8, 0.7]),
        ({"C": 3.0, "depth": 1, "kernel": "poly", "leaves": 2}, [0.6, NAN, 0.7]),
    ]
    search = make_search(space, trials, winner=1, n_folds=3)
    for evaluation in search.history.evaluations():
        evaluation.started *= 0.6  # two at a time
        evaluation.fidelity = 0.5 if evaluation.trial == 2 else 1.0
    return replace(search, expected=(0.75, 0.65, 0.85), weights={1: 0.6, 4: 0.4})


def nested_picture():
    """Return a picture of three outer folds, of a loss."""
    choices = (
        Choice("C", ("1", "10", "100"), np.array([0.0, 0.5, 1.0]), 1 / 3, 1.0),
        Choice("kernel", ("rbf", "rbf", "not used"), np.array([0.25, 0.25, NAN]), 2 / 3, NAN),
    )
    values = ([0.3, 0.2, 0.4], [0.35, 0.25, 0.4], [0.4, 0.2, 0.5], [0.6, NAN, 0.7])
    scores = map(np.array, values)
    return NestedPicture(*scores, ({},) * 3, choices, "log loss (lower is better)", -1, ("",) * 3)


def picture_of(kind):
    """Return a picture whose numbers are the same with any version of the libraries."""
    if kind == "nested":
        return nested_picture()
    if kind == "importance":  # without the forest
        return ImportancePicture(
            (("C",), ("depth",), ("C", "depth")), np.array([0.5, 0.2, 0.05]), 0.8, 6
        )
    return KINDS[kind].of(small_search())


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", [*KINDS, "nested"])
def test_references(kind, style):
    """Check marks, places, words and colours; in a dark style all but the colours are the same.

    To change a reference, delete it, run this test, and look at the picture and at the difference.
    """
    with plt.style.context(["default", style]):
        drawn = describe(TuningDisplay(picture_of(kind)).plot().figure_)
    path = FOLDER / f"{kind}.txt"
    if not path.exists():
        path.write_text(drawn, encoding="utf-8")
        pytest.fail(f"{path} was missing and is written anew")
    reference = path.read_text(encoding="utf-8")
    if style != "default":
        assert drawn != reference
        drawn, reference = (re.sub(r"#\w+", "#", text) for text in (drawn, reference))
    (words, numbers), (known, expected) = split_numbers(drawn), split_numbers(reference)
    assert words == known
    np.testing.assert_allclose(numbers, expected, rtol=1e-4, atol=1e-6)


def luminance(colour):
    """Return the relative luminance of WCAG 2."""
    parts = np.array(to_rgb(colour))
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [
        0.2126,
        0.7152,
        0.0722,
    ]


@pytest.mark.parametrize("style", STYLES)
def test_contrast(style):
    """Check that text and marks differ from the background as WCAG 2 asks, at least 3 to 1."""
    with plt.style.context(["default", style]):
        colours = Canvas(None, (1.0, 1.0)).colours
    for name in ("text", "muted", "trial", "best", "failed", "comparison"):
        pair = sorted(luminance(colour) for colour in (getattr(colours, name), colours.background))
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 3.0, name


def large_search(n_parameters, n_trials, n_folds):
    """Return a search with failed and pruned trials, and names that are long if there are many."""
    stem = "histgradientboostingregressor__" if n_parameters > 2 else ""
    names = [f"{stem}max_number_of_{'x' * (i % 7)}_features_{i}" for i in range(n_parameters)]
    ranges = [
        (1e-4, 1e3, "log-uniform"),
        (0.0, 1.0),
        (1, 1000),
        ["a rather long choice", "another choice", None],
    ]
    space = {name: ranges[i % 4] for i, name in enumerate(names)}
    rng = np.random.RandomState(0)
    draws = [
        lambda: float(10 ** rng.uniform(-4, 3)),
        lambda: rng.uniform(),
        lambda: int(rng.randint(1, 1001)),
        lambda: ranges[3][rng.randint(3)],
    ]
    trials = []
    for number in range(n_trials):
        params = {name: draws[i % 4]() for i, name in enumerate(names)}
        scores = (-100 * rng.gamma(2, size=n_folds)).tolist()
        trials.append((params, scores))
        if number % 5 == 3:
            trials[-1] = (params, [NAN] * n_folds) if number % 2 else (params, scores[:1], DROPPED)
    loss = Metric("root mean squared error", -1)
    search = make_search(space, trials, meaning=loss, winner=n_trials // 2, n_folds=n_folds)
    return replace(search, expected=(-120.0, -150.0, -90.0))


def text_boxes(figure):
    """Return the level and upright texts of a figure with the rectangles they fill, in pixels."""
    figure.canvas.draw()
    texts = [text for legend in figure.legends for text in legend.get_texts()]
    for ax in figure.axes:
        texts += [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            texts += [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
    shown = [text for text in texts if text.get_visible() and text.get_text().strip()]
    return [(t.get_text(), t.get_window_extent()) for t in shown if t.get_rotation() in (0, 90)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", [(2, 5, 5), (20, 500, 1), (4, 60, 3)], ids=str)
def test_texts_have_room(kind, sizes):
    """Check that no text lies on another one or is cut off, whatever is shown."""
    figure = TuningDisplay(KINDS[kind].of(large_search(*sizes))).plot().figure_
    boxes = text_boxes(figure)
    assert len(boxes) > 5
    whole = figure.bbox.padded(2.0)
    for place, (text, box) in enumerate(boxes):
        assert whole.x0 <= box.x0 < box.x1 <= whole.x1, text
        assert whole.y0 <= box.y0 < box.y1 <= whole.y1, text
        for other, rival in boxes[:place]:
            width = min(box.x1, rival.x1) - max(box.x0, rival.x0)
            height = min(box.y1, rival.y1) - max(box.y0, rival.y0)
            assert min(width, height) < 2.0, (text, other)
