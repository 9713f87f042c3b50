# Configuration of Sphinx; `sphinx-build -W docs docs/_build/html` builds the pages.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import space_table

from autotune._version import __version__  # both are found through the path set above

space_table.write(Path(__file__).parent / "_generated")  # what spaces.md includes

project = "autotune"
author = "The autotune developers"
project_copyright = f"2026, {author}"
release = version = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build", "_generated"]

html_theme = "furo"
html_title = f"autotune {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's sections name the types, with shapes and units
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False  # api.md names the members
