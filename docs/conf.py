"""How Sphinx builds the site from the pages that tools/site.py has put together; it runs nothing and fetches nothing."""

project = "longrun"
author = "the longrun authors"
copyright = author

extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc", "sphinx.ext.mathjax"]
exclude_patterns = ["**/.ipynb_checkpoints"]
nb_execution_mode = "off"
nb_ipywidgets_js = {"vendor/html-manager/dist/embed.js": {}}
nb_merge_streams = True
nb_render_markdown_format = "myst"  # tables and formulas that a cell shows
mathjax_path = "vendor/mathjax/es5/tex-mml-chtml.js"
mathjax_config_path = "static/mathjax.js"
myst_update_mathjax = False
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.mime_type"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it in words
numpydoc_show_class_members = False

html_theme = "sphinx_book_theme"
html_title = "longrun: the long-run behaviour of SGD"
html_favicon = "static/favicon.svg"
html_context = {"default_mode": "auto"}
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_sourcelink_suffix = ""
html_theme_options = {
    "use_download_button": True,
    "use_fullscreen_button": False,
    "navbar_persistent": [],  # the search stands in the sidebar
    "show_toc_level": 2,
    "home_page_in_toc": False,
    "show_navbar_depth": 1,
}


def escape_bars(app, what, name, obj, options, lines):
    """|x| is an absolute value here, not a substitution of reStructuredText; what stands in ``literals`` is left alone."""
    for i, line in enumerate(lines):
        pieces = line.split("``")
        lines[i] = "``".join(piece if k % 2 else piece.replace("|", r"\|") for k, piece in enumerate(pieces))


def setup(app):
    app.connect("autodoc-process-docstring", escape_bars, priority=900)
