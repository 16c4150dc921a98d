"""Writes an executed notebook as one page that works offline: JupyterLab's look, Plotly embedded once, and a content
security policy that runs only the page's own scripts, whatever the notebook's outputs contain."""

import json
import re
import secrets
from datetime import datetime
from pathlib import Path

from markupsafe import Markup
from nbconvert.exporters import HTMLExporter
from plotly.offline import get_plotlyjs
from traitlets.config import Config

PLOTLY = "application/vnd.plotly.v1+json"
PRIORITY = ["text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain"]


def write_page(notebook, path, name):
    config = Config()
    config.NbConvertBase.display_data_priority = PRIORITY
    exporter = HTMLExporter(
        config=config,
        template_name="report",
        extra_template_basedirs=[str(Path(__file__).resolve().parent / "template")],
    )
    nonce = secrets.token_urlsafe(16)
    resources = {
        "metadata": {"name": title_of(notebook) or name},
        "csp": policy(nonce),
        "nonce": nonce,
        # The same plotly.js as in JupyterLab's renderer: both are in the Python package.
        "plotly_js": Markup(get_plotlyjs().replace("</script", r"<\/script")) if has_figures(notebook) else None,
        "facts": facts(notebook),
    }
    body, _ = exporter.from_notebook_node(notebook, resources=resources)
    Path(path).write_text(body, encoding="utf-8")


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


def has_figures(notebook):
    return any(PLOTLY in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))


def facts(notebook):
    """The lines below the report: when, how long, on which machine and with which parameters it was executed."""
    run, about = notebook.metadata.get("papermill", {}), notebook.metadata.get("captioner", {})
    lines = []
    if run.get("start_time"):
        when = datetime.fromisoformat(run["start_time"]).astimezone()
        lines.append(("Executed", when.strftime("%-d %B %Y, %H:%M")))
    if run.get("duration"):
        lines.append(("Duration", duration(run["duration"])))
    if about.get("processor"):
        machine = "GPU" if about.get("device") == "gpu" else f"{about['cores']} cores of {about['processor'].strip()}"
        lines.append(("Machine", machine))
    if about.get("parameters"):
        lines.append(("Parameters", ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in about["parameters"].items())))
    return lines


def duration(seconds):
    seconds = round(seconds)
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min {seconds % 60} s"
