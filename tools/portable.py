"""Makes an executed notebook fit to be sent: without paths of the machine, and with links that lead somewhere."""

import html
import os
import re
from urllib.parse import quote

import nbformat

# Base64 is left alone: what looks like a path there isn't one.
DATA = r"(?P<data>data:[\w.+-]+/[\w.+-]+;base64,[A-Za-z0-9+/=]+)"
ENCODED = {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"}


def without_paths(notebook, paths):
    """Replaces folders of the machine in every text: [(folder, replacement), …], the longest folder first."""
    shown = {form: replacement for folder, replacement in paths for form in (folder, html.escape(folder), quote(folder))}
    if not shown:
        return notebook
    folders = "|".join(re.escape(folder) for folder in sorted(shown, key=len, reverse=True))
    pattern = re.compile(rf"{DATA}|(?<![\w.-])(?P<folder>{folders})(?P<end>/+|(?![\w-]|\.\w))")

    def replacement(match):
        if match["data"]:
            return match["data"]
        # The folder itself, without anything below it, is shown as the folder that paths are relative to.
        return shown[match["folder"]] if match["end"] else shown[match["folder"]].rstrip("/") or "."

    def clean(value):
        if isinstance(value, str):
            return pattern.sub(replacement, value)
        if isinstance(value, list):
            return [clean(item) for item in value]
        if isinstance(value, dict):
            return {clean(key): item if key in ENCODED else clean(item) for key, item in value.items()}
        return value

    return nbformat.from_dict(clean(notebook))


LINK = re.compile(r"\]\((?!\w+:|[#/])([^)\s#]+)(#[^)\s]*)?\)")


def link_reports(notebook, report, notebooks, project):
    """Makes relative links of the text lead from the report's folder: to another notebook's report, or to a file of the project."""

    def target(match):
        path = os.path.normpath(os.path.join(notebooks, match[1]))
        anchor = match[2] or ""
        if not path.startswith(project + os.sep):
            return match[0]
        if path.endswith(".ipynb") and os.path.dirname(path) == notebooks:
            name = os.path.basename(path).removesuffix(".ipynb")
            return f"](../{name}/{name}.html{anchor})"
        return f"]({os.path.relpath(path, report)}{anchor})"

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(target, cell.source)
