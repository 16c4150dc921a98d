"""Writes an executed notebook as one page that works offline, with Plotly embedded once or in a file that several pages share, and a
content security policy that runs only the page's own scripts, whatever the notebook's outputs contain."""

import copy
import os
import re
import secrets
from pathlib import Path

import plotly
from markupsafe import Markup
from nbconvert.exporters import HTMLExporter
from plotly.offline import get_plotlyjs
from traitlets.config import Config

from equations import markdown_to_html
from facts import facts, summary

PLOTLY = "application/vnd.plotly.v1+json"
PRIORITY = ["text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain"]
TEMPLATE = Path(__file__).resolve().parent / "template"
DARK = (
    "--page: #0f1216; --paper: #171b21; --ink: #e2e6ed; --soft: #9aa4b2; --line: #2c343f; --code: #1d222a; --accent: #7db2f2; --error: #3a2020;"
    " --shadow: rgba(0, 0, 0, .6); --keyword: #c9a2e8; --string: #8fd3b6; --number: #f0b37a; --comment: #8b95a3; --punctuation: #b9c2ce;"
)
STYLES = ["page.css", "text.css", "cells.css", "media.css"]  # in this order: the last overrules the others
HEADING = re.compile(r'<h([1-6])(?: id="([^"]*)")?>(.*?)</h\1>', re.DOTALL)


def write_page(notebook, path, name, assets=None):
    """Writes the page; with `assets`, a folder beside the report's, Plotly is put there."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.removesuffix("void 0;").rstrip()  # of the translator, for the kernel
    nonce, outline = secrets.token_urlsafe(16), Outline(summary(notebook))
    exporter = HTMLExporter(
        config=Config({"NbConvertBase": {"display_data_priority": PRIORITY}}),
        template_name="report",
        extra_template_basedirs=[str(TEMPLATE)],
    )
    exporter.register_filter("markdown2html", markdown_to_html)
    exporter.register_filter("outlined", outline)
    charts = has_figures(notebook)
    # The contents are known when all headings have been written.
    place = f"contents-{nonce}"
    resources = {
        "metadata": {"name": title_of(notebook) or name},
        "csp": policy(nonce),
        "nonce": nonce,
        "style": Markup(style()),
        "theme_js": Markup(source("theme.js")),
        "page_js": Markup(source("page.js")),
        # The same plotly.js as in JupyterLab's renderer: both are in the Python package.
        "plotly_js": Markup(get_plotlyjs().replace("</script", r"<\/script")) if charts and not assets else None,
        "plotly_file": shared_plotly(Path(assets)) if charts and assets else None,
        "contents": Markup(place),
        "summary": Markup("" if title_of(notebook) else summary(notebook)),
        "facts": [(label, Markup(value)) for label, value in facts(notebook)],
    }
    body, _ = exporter.from_notebook_node(notebook, resources=resources)
    Path(path).write_text(body.replace(place, outline.contents()), encoding="utf-8")


class Outline:
    """Collects the headings of the text as they are written, and gives each an id of its own. The summary follows the title."""

    def __init__(self, summary):
        self.ids, self.entries, self.summary = set(), [], summary

    def __call__(self, text):
        text = re.sub(r"<table>(.*?)</table>", r'<div class="scroll"><table>\1</table></div>', text, flags=re.DOTALL)
        return HEADING.sub(self.heading, text)

    def heading(self, match):
        level, anchor, words = int(match[1]), match[2] or "section", match[3]
        words = re.sub(r'<a class="anchor-link".*?</a>', "", words)
        unique = next(one for one in (anchor, *(f"{anchor}-{n}" for n in range(2, 10_000))) if one not in self.ids)
        self.ids.add(unique)
        if level in (2, 3):
            self.entries.append((level, unique, re.sub(r"<[^>]*>", "", words).strip()))
        below = ""
        if level == 1:
            below, self.summary = self.summary, ""
        return f'<h{level} id="{unique}">{words}</h{level}>{below}'

    def contents(self):
        items = [f'<li class="level{level}"><a href="#{anchor}">{words}</a></li>' for level, anchor, words in self.entries]
        return f"<ol>{''.join(items)}</ol>"


def title_of(notebook):
    for cell in notebook.cells:
        heading = re.search(r"^# +(.+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        if heading:
            return heading[1].strip()
    return None


def policy(nonce):
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",  # blob: for Plotly's “download as PNG”
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def source(name):
    return (TEMPLATE / "report" / name).read_text(encoding="utf-8")


def style():
    """The dark colours apply where the system asks for them or the reader chose them, and never on paper."""
    dark = (
        f"@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {DARK} }} }}\n"
        f"@media screen {{ :root[data-theme=dark] {{ color-scheme: dark; {DARK} }} :root[data-theme=light] {{ color-scheme: light; }} }}"
    )
    return "".join(map(source, STYLES)).replace("/* the dark colours, see page.py */", dark)


def shared_plotly(assets):
    """Puts Plotly into the folder, unless it is there, and returns its address as seen from a report."""
    assets.mkdir(parents=True, exist_ok=True)
    file = assets / f"plotly-{plotly.__version__}.min.js"
    content = get_plotlyjs().encode()
    if not file.exists() or file.stat().st_size != len(content):
        own = assets / f".{file.name}.{os.getpid()}"
        own.write_bytes(content)
        own.replace(file)
    return f"../{assets.name}/{file.name}"


def has_figures(notebook):
    return any(PLOTLY in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
