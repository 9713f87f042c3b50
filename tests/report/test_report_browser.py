"""The report in a real browser: nothing fails, nothing is asked of a network, the table works."""

from __future__ import annotations

import pytest
from browser import Browser, find_browser
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from autotune import AutoTunedClassifier

pytestmark = pytest.mark.slow


class Choosy(SVC):
    """Fails for two of its labels."""

    def __init__(self, C=1.0, label="good"):
        super().__init__(C=C)
        self.label = label

    def fit(self, X, y, sample_weight=None):
        if self.label.startswith("bad"):
            raise ValueError(f"</pre><script>alert('{self.label}')</script>")
        return super().fit(X, y)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Return the address of a report of 12 trials, of which 8 failed."""
    path = tmp_path_factory.mktemp("report") / "tuning.html"
    space = {"C": [100, 2, 30, 0.5], "label": ["<b>good</b>", "bad<img src=x>", "bad & worse"]}
    model = AutoTunedClassifier(Choosy(), space, strategy="grid", include_default=False, cv=2)
    with pytest.warns(match="8 of 12 trials failed"):
        model.fit(*load_iris(return_X_y=True))
    model.report(path)
    return path.as_uri()


@pytest.fixture
def page(report, tmp_path):
    """Return a browser with the report in it."""
    program = find_browser()
    if program is None:
        pytest.skip("there is no Chromium on the path to look at the report with")
    browser = Browser(program, tmp_path / "profile")
    try:
        browser.open(report)
        yield browser
    finally:
        browser.close()


def shown(page, column):
    """Return the texts of a column of the table, of the rows that are shown."""
    return page.run(
        "Array.from(document.querySelectorAll('#trials-table tbody tr'))"
        f".filter(row => !row.hidden).map(row => row.cells[{column}].textContent)"
    )


def press(page, column):
    """Press the name of a column; return how it is sorted."""
    heading = f"document.querySelectorAll('#trials-table thead th')[{column}]"
    page.run(f"{heading}.querySelector('button').click()")
    return page.run(f"{heading}.getAttribute('aria-sort')")


def test_the_table(page):
    """Check that the table sorts numbers as numbers and filters by words and status."""
    names = page.run(
        "Array.from(document.querySelectorAll('#trials-table thead th'), th => th.textContent)"
    )
    assert names == ["trial", "status", "accuracy", "± std", "seconds", "origin", "C", "label"]
    assert press(page, 6) == "ascending"
    assert shown(page, 6) == ["0.5"] * 3 + ["2"] * 3 + ["30"] * 3 + ["100"] * 3
    assert press(page, 6) == "descending"
    assert shown(page, 6)[:4] == ["100", "100", "100", "30"]
    for direction in ("ascending", "descending"):
        assert press(page, 2) == direction
        scores = shown(page, 2)
        assert scores[4:] == ["-"] * 8
        ordered = sorted(map(float, scores[:4]), reverse=direction == "descending")
        assert list(map(float, scores[:4])) == ordered
    sorted_by = "document.querySelectorAll('#trials-table th[aria-sort]').length"
    assert page.run(sorted_by) == 1

    page.run(
        "const box = document.getElementById('filter-text'); box.value = 'BAD img';"
        "box.dispatchEvent(new Event('input'))"
    )
    assert shown(page, 7) == ["bad<img src=x>"] * 4
    assert page.run("document.getElementById('filter-count').textContent") == "4 of 12 trials"
    page.run(
        "const list = document.getElementById('filter-status'); list.value = 'complete';"
        "list.dispatchEvent(new Event('change'))"
    )
    assert shown(page, 7) == []
    page.run("box.value = ''; box.dispatchEvent(new Event('input'))")
    assert shown(page, 7) == ["<b>good</b>"] * 4
    check_quiet(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_page(page, scheme, width):
    """Check colours and pictures, and that nothing is wider than the window."""
    page.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=800,
        deviceScaleFactor=1,
        mobile=False,
    )
    background = page.run("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 25, 30)"}[scheme]
    assert page.run("document.documentElement.scrollWidth") <= width
    images = "Array.from(document.images)"
    page.run(f"{images}.forEach(image => image.loading = 'eager')")
    page.call(
        "Runtime.evaluate",
        expression=f"Promise.all({images}.map(image => image.decode()))",
        awaitPromise=True,
    )
    assert page.run(f"{images}.length") >= 4
    assert page.run(f"{images}.every(image => image.naturalWidth > 100)")
    chosen = page.run("document.querySelector('source').srcset === document.images[0].currentSrc")
    assert chosen == (scheme == "dark")
    assert page.run("document.querySelectorAll('main section').length") == 9
    check_quiet(page)


def test_keys(page):
    """Check that all can be reached and used without a mouse: names of columns, errors, filters."""
    heading = "document.querySelectorAll('#trials-table thead th')[6]"
    page.run(f"{heading}.querySelector('button').focus()")
    for key, direction in (("Enter", "ascending"), (" ", "descending")):
        strike(page, key)
        assert page.run(f"{heading}.getAttribute('aria-sort')") == direction
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    strike(page, "Tab")
    assert page.run("document.activeElement.textContent") == "label"
    page.run("document.querySelector('summary').focus()")
    strike(page, "Enter")
    assert page.run("document.querySelector('details').open")
    page.run("document.getElementById('filter-text').focus()")
    for letter in "bad img":
        page.call("Input.dispatchKeyEvent", type="char", text=letter)
    assert shown(page, 7) == ["bad<img src=x>"] * 4
    check_quiet(page)


def strike(page, key):
    """Press and release a key."""
    text = {"Enter": "\r", " ": " "}.get(key, "")
    code = {"Enter": 13, " ": 32, "Tab": 9}[key]
    for kind in ("keyDown", "keyUp"):
        page.call(
            "Input.dispatchKeyEvent", type=kind, key=key, text=text, windowsVirtualKeyCode=code
        )


def test_print(page):
    """Check that paper has the whole table and all errors, and no controls."""
    page.call("Page.printToPDF")
    assert page.run("Array.from(document.querySelectorAll('details')).every(one => one.open)")
    page.call("Emulation.setEmulatedMedia", media="print")
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=700,  # of a sheet of paper
        height=1000,
        deviceScaleFactor=1,
        mobile=False,
    )
    assert page.run("document.documentElement.scrollWidth") <= 700
    boxes = "Array.from(document.querySelectorAll('.scroll'))"
    assert page.run(f"{boxes}.every(box => box.scrollHeight <= box.clientHeight)")
    hidden = "getComputedStyle(document.{}).display"
    assert page.run(hidden.format("querySelector('nav')")) == "none"
    assert page.run(hidden.format("getElementById('filters')")) == "none"
    check_quiet(page)


def check_quiet(page):
    """Check that nothing was logged, and nothing was requested but the file itself."""
    assert page.named("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded") == []
    addresses = [event["request"]["url"] for event in page.named("Network.requestWillBeSent")]
    assert [address for address in addresses if not address.startswith("data:")] == addresses[:1]
    assert addresses[0].startswith("file:")
