"""How Sphinx builds the book's site: from pages that `pages.py` has written, with every script at hand."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for mathml.py beside this file

project = "fnlab"
author = "the authors of fnlab"
copyright = "the authors of fnlab, MIT licence"
extensions = ["myst_nb", "mathml"]

myst_enable_extensions = ["dollarmath", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
html_math_renderer = "mathml"

# The notebooks that come here have been executed a moment ago; nothing is cached.
nb_execution_mode = "off"
nb_merge_streams = True

html_theme = "sphinx_book_theme"
html_title = "fnlab"
html_static_path = ["_static"]
html_css_files = ["fnlab.css"]
html_js_files = ["plotly.min.js", "fnlab.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_persistent": [],
    "use_download_button": False,
    "use_fullscreen_button": False,
    "use_issues_button": False,
    "use_repository_button": False,
    "home_page_in_toc": True,
    "show_navbar_depth": 1,
    "article_header_start": ["toggle-primary-sidebar.html"],
}
