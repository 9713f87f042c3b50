"""Opens every page of the built site in Chromium, and prints what runs off it.

``python docs/check_site.py FOLDER`` looks at the pages 400 and 1400 pixels wide.
Wide tables and code may scroll, but no code needs to on the wide screen, except what a cell of an
example has printed.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browser import Browser, find_browser  # found through the path set above

WIDTHS = (400, 1400)
FAULTS = """
(() => {
  const width = document.documentElement.clientWidth;
  const right = element => element.getBoundingClientRect().right;
  const scrolls = element => element !== document.body && (
    (getComputedStyle(element).overflowX !== "visible" && right(element) <= width + 1)
    || scrolls(element.parentElement));
  const all = selector => Array.from(document.querySelectorAll(`article ${selector}`));
  const wide = all("*").filter(element => right(element) > width + 1 && !scrolls(element));
  const code = all("pre").filter(
    element => width > 1000 && element.scrollWidth > element.clientWidth + 1);
  return JSON.stringify([...wide, ...code].map(e => e.tagName + " " + e.textContent.slice(0, 70)));
})()
"""


def main(folder: Path) -> int:
    """Return 1 if anything runs off a page, fails or is missing."""
    program = find_browser()
    if program is None:
        print("there is no Chromium on the path, so nobody has looked at the pages")
        return 0
    pages = [
        path
        for path in sorted(folder.rglob("*.html"))
        if not path.relative_to(folder).parts[0].startswith("_")
    ]
    # What Chromium writes when it is about to end may come too late to be deleted.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, Path(profile))
        try:
            faults = [
                f"{width} px, {page.name}: {fault}"
                for width in WIDTHS
                for page in pages
                for fault in look(browser, page, width)
            ]
        finally:
            browser.close()
    print("\n".join(faults) or f"{len(pages)} pages fit")
    return bool(faults)


def look(browser: Browser, page: Path, width: int) -> list[str]:
    """Return what is wrong with a page that is so many pixels wide."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.call("Emulation.setDeviceMetricsOverride", **size)
    browser.events.clear()
    browser.open(page.as_uri())
    errors = browser.named(
        "Runtime.exceptionThrown", "Log.entryAdded", "Network.loadingFailed"
    )
    return [*map(str, errors), *json.loads(browser.run(FAULTS))]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
