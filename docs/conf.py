"""Settings of Sphinx; ``make docs`` builds the pages."""

import inspect
import os
import re
import sys
from pathlib import Path

# What TensorFlow says about the machine is no part of an example.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # this checkout, whatever is installed

import skmusic

INCLUDE = re.compile(r"```\{include\} \.\./(\S+)\n```\n")
# Files of the repository that pages include, and those pages.
INCLUDED = {
    include[1]: page.name
    for page in (ROOT / "docs").glob("*.md")
    if (include := INCLUDE.fullmatch(page.read_text(encoding="utf-8")))
}

project = "skmusic"
author = "The skmusic developers"
copyright = "the skmusic developers, BSD 3-Clause"
release = version = skmusic.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
    "myst_parser",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "auto_examples/*.ipynb", "**sg_execution_times.rst"]
suppress_warnings = ["toc.empty_glob"]  # a page that is to come
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["skmusic.css"]
html_title = "skmusic"
html_show_sourcelink = False
html_copy_source = False
# Else the theme complains, in the browser's console, of having been told nothing.
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_prev_next": True,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"install": [], "getting_started": []}

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3


def methods_of_mixins(cls):
    """Public methods that a class has from mixins of skmusic."""
    mixins = [c for c in cls.__mro__[1:] if c.__module__.startswith("skmusic.")]
    found = {n for c in mixins for n in vars(c) if not n.startswith("_")}
    return sorted(found - set(vars(cls)))


autosummary_generate = True
public = [getattr(skmusic, name) for name in skmusic.__all__]
autosummary_context = {
    "mixed_in": {c.__name__: methods_of_mixins(c) for c in public if inspect.isclass(c)}
}
autosummary_ignore_module_all = False
autosummary_imported_members = True
default_role = "py:obj"  # `name` in a docstring links to it, where it can
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say more
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
# The same as tests/test_docstrings.py holds.
numpydoc_validation_checks = {"all", "SA01", "ES01", "SS05", "EX01"}

# Names that other projects explain. The lists of them are ours, and short, so that
# pages are built without the network.
intersphinx_mapping = {
    "joblib": ("https://joblib.readthedocs.io/en/stable", "inventories/joblib.txt"),
    "numpy": ("https://numpy.org/doc/stable", "inventories/numpy.txt"),
    "scikit-learn": (
        "https://scikit-learn.org/stable",
        "inventories/scikit-learn.txt",
    ),
    "scipy": ("https://docs.scipy.org/doc/scipy", "inventories/scipy.txt"),
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skmusic",),
    "prefer_full_module": [r"skmusic\.[a-z]+\."],
    "capture_repr": ("_repr_html_",),
    "image_scrapers": ("matplotlib",),
    "abort_on_example_error": False,
    "only_warn_on_example_error": False,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "remove_config_comments": True,
    "plot_gallery": True,
}


def skip_foreign(app, what, name, member, skip, options):
    """Leave out what we did not write: set_score_request, fields of a named tuple."""
    if callable(member):
        home = str(getattr(inspect.unwrap(member), "__module__", None))
        return None if home.startswith("skmusic") else True
    return True if "Alias for field" in (inspect.getdoc(member) or "") else None


def mend_links(app, docname, source):
    """Make links between files of the repository links between pages.

    What is no page is named instead.
    """
    page = Path(app.env.doc2path(docname)).resolve()
    if page.suffix != ".md":
        return
    text, home = source[0], page.parent
    if include := INCLUDE.fullmatch(text):
        file = ROOT / include[1]
        text, home = file.read_text(encoding="utf-8"), file.parent

    def mend(link):
        words, target, anchor = link.groups()
        file = (home / target).resolve().relative_to(ROOT).as_posix()
        file = f"docs/{INCLUDED[file]}" if file in INCLUDED else file
        if not file.startswith("docs/"):
            return f"{words} (`{file}`)" if words else f"`{file}`"
        target = os.path.relpath(ROOT / file, page.parent)
        return f"[{words}]({target}{anchor or ''})"

    links = r"(?<!!)\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)"
    source[0] = re.sub(links, mend, text)


def setup(app):
    """Register what is ours."""
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("source-read", mend_links)
