"""How Sphinx builds the guides: scripts/docs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from livetrio import __version__

project = "livetrio"
author = copyright = "the livetrio authors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinxcontrib_trio", "directives"]
exclude_patterns = ["_build", "_ext"]
html_theme = "furo"
html_title = f"livetrio {__version__}"
html_copy_source = False

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

default_role = "code"  # `name` in docstrings is a name; those of private modules have no page to lead to
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autodoc_use_legacy_class_based = True  # the only one that sphinxcontrib-trio can mark `async with` in
