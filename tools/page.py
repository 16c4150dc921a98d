"""An executed notebook as one page that needs no network: JupyterLab's look, Plotly once, and a content security
policy under which only the page's own scripts run, whatever the notebook's outputs contain."""

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
        # The same plotly.js as JupyterLab's renderer: both come with the Python package.
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
            "img-src data: blob:",  # blob: Plotly's «download as PNG»
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def has_figures(notebook):
    return any(PLOTLY in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))


def facts(notebook):
    """What stands below the report: when, how long, where, with which parameters."""
    run, about = notebook.metadata.get("papermill", {}), notebook.metadata.get("captioner", {})
    lines = []
    if run.get("start_time"):
        when = datetime.fromisoformat(run["start_time"]).astimezone()
        lines.append(("Executed", when.strftime("%-d %B %Y, %H:%M")))
    if run.get("duration"):
        lines.append(("Took", duration(run["duration"])))
    if about.get("processor"):
        on = "a GPU" if about.get("device") == "gpu" else f"{about['cores']} cores of {about['processor'].strip()}"
        lines.append(("On", on))
    if about.get("parameters"):
        lines.append(("Parameters", ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in about["parameters"].items())))
    return lines


def duration(seconds):
    seconds = round(seconds)
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min {seconds % 60} s"
