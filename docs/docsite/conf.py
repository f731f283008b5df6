# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The certops.acm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's configuration for `./run docs`: the Markdown files of docs/, and the pages of modules, filters and the role.

The pages of antsibull-docs are in the folder `collection`; everything else lies as it does in docs/, with README.md as index.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.highlighting import lexers

HOME = "https://github.com/certops/acm"

project = "certops.acm"
author = "The certops.acm authors"
copyright = "2026, The certops.acm authors"  # pylint: disable=redefined-builtin
title = html_title = html_short_title = "certops.acm"

extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
nitpicky = True
default_role = "any"
myst_heading_anchors = 4
# A plain link to a file that is not a page, as to an example, offers that file.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "sphinx_ansible_theme"
html_theme_options = {"navigation_depth": 3, "topbar_links": {"Repository": HOME, "Issues": f"{HOME}/issues"}}
html_static_path = ["static"]
html_css_files = ["narrow.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
# Pygments does not know them.
lexers.update({"named": TextLexer(), "csv": TextLexer()})

# Where the pages of modules refer to Ansible's own documentation: known here, so that building needs no network.
ANSIBLE = "https://docs.ansible.com/projects/ansible/devel"
ANSIBLE_LABELS = {
    "action_plugins": "plugins/action.html#action-plugins",
    "ansible_configuration_settings": "reference_appendices/config.html#ansible-configuration-settings",
    "common_return_values": "reference_appendices/common_return_values.html#common-return-values",
}
REPOSITORY = f"{HOME}/blob/main"
# A file of the repository, and the page that describes or is it.
PAGES = {
    r"^docs/": "",
    r"^plugins/modules/(\w+)\.py$": r"collection/\1_module.rst",
    r"^roles/(\w+)/meta/argument_specs\.yml$": r"collection/\1_role.rst",
}
LINK = re.compile(r"\]\(((?!https?:)[\w./-]+)(#[\w-]+)?\)")
SECTION = re.compile(r"^\*\*(\w+)\*\*", re.MULTILINE)


def adapt(app: Sphinx, name: str, source: list[str]) -> None:
    """Have a Markdown page's links lead to where things are in the site."""
    if name == "collection/index":
        source[0] = source[0].replace("Certops.Acm", "certops.acm")  # antsibull-docs writes names as titles
    if Path(app.env.doc2path(name)).suffix != ".md":
        return
    text = LINK.sub(lambda link: f"]({target(app, name, link[1])}{link[2] or ''})", source[0])
    source[0] = f"{text}\n{contents(text)}" if name == "index" else text


def target(app: Sphinx, name: str, path: str) -> str:
    """Where the site has what a relative link of the repository leads to; what it does not have is in the repository."""
    page = name if name.startswith("roles/") else f"docs/{name}"
    there = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
    for pattern, replacement in PAGES.items():
        there = re.sub(pattern, replacement, there)
    return f"/{there}" if (Path(app.srcdir) / there).exists() else f"{REPOSITORY}/{there}"


def contents(text: str) -> str:
    """The navigation: what the index lists under each of its sections."""
    parts = SECTION.split(text)
    trees = ""
    for caption, part in zip(parts[1::2], parts[2::2]):
        pages = [path for path, anchor in LINK.findall(part) if path.endswith(".md")]
        trees += toctree(caption, pages)
    return trees + toctree("Modules and role", ["collection/index.rst", "roles/acm_deploy/README.md"])


def toctree(caption: str, pages: list[str]) -> str:
    lines = "\n".join(str(Path(page).with_suffix("")) for page in pages)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n"


def link_modules(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Where a Markdown page names a module as code, the name leads to its page."""
    if Path(app.env.doc2path(name)).suffix != ".md":
        return
    for literal in list(doctree.findall(nodes.literal)):
        page = f"collection/{literal.astext().removeprefix('certops.acm.')}_module"
        if page in app.env.found_docs and not isinstance(literal.parent, nodes.reference):
            uri = app.builder.get_relative_uri(name, page)
            literal.replace_self(nodes.reference("", "", literal.deepcopy(), internal=True, refuri=uri))


def link_ansible(app: Sphinx, env: object, node: nodes.Element, content: nodes.TextElement) -> nodes.reference | None:
    """Labels of Ansible's own documentation."""
    path = ANSIBLE_LABELS.get(node.get("reftarget", ""))
    return nodes.reference("", "", content, refuri=f"{ANSIBLE}/{path}") if path else None


def lead_home(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """The theme's logo leads to our index; unless told, to that of the web server."""
    context["theme_documentation_home_url"] = context["pathto"](app.config.root_doc)


def setup(app: Sphinx) -> None:
    app.connect("source-read", adapt)
    app.connect("doctree-resolved", link_modules)
    app.connect("missing-reference", link_ansible)
    app.connect("html-page-context", lead_home)
