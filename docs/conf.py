# Configuration of Sphinx; `sphinx-build -W docs docs/_build/html` builds the pages.
import os
import sys
from pathlib import Path

# Threads of OpenMP that spin while they wait slow the examples down.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

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
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_generated", "examples"]
nitpicky = True
# numpydoc links attributes that are properties, which api.md does not list by themselves.
nitpick_ignore_regex = [("py:obj", r"(space_report|n_features_in|classes)_")]

html_theme = "furo"
html_title = f"autotune {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's sections name the types, with shapes and units
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False  # api.md names the members

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "copyfile_regex": "",
    "download_all_examples": False,
    "show_signature": False,
    "ignore_repr_types": "TuningDisplay",  # the picture is enough
    "min_reported_time": float("inf"),  # pages are the same at every build
    "write_computation_times": False,
}
