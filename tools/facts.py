"""What a report says of itself: main scores at the top; version, machine, data, seed and parameters in the footer. All of it is HTML."""

import json
from datetime import datetime
from html import escape

SYSTEMS = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}
MAIN_SCORES = ["factual", "CIDEr-D", "METEOR", "BLEU-4"]


def summary(notebook):
    """The main scores, and one line on when and how."""
    record = notebook.metadata.get("captioner", {}).get("record", {})
    scores = record.get("scores", {})
    names = [name for name in MAIN_SCORES if name in scores] or list(scores)[:4]
    tiles = "".join(tile(name, scores[name]) for name in names)
    run, about = notebook.metadata.get("papermill", {}), notebook.metadata.get("captioner", {})
    parts = [
        executed(run, "%-d %B %Y"),
        duration(run["duration"]) if run.get("duration") else None,
        *(f"<code>{setting(name, value)}</code>" for name, value in about.get("parameters", {}).items()),
    ]
    line = " · ".join(part for part in parts if part)
    label = f"<p>{escape(record['label'])}</p>" if record.get("label") else ""
    shown = f'<dl class="scores">{tiles}</dl>{label}' if tiles else ""
    return f'<div class="summary">{shown}<p>{line}</p></div>' if shown or line else ""


def tile(name, score):
    interval = f"<small>{score['low']:.3f} to {score['high']:.3f}</small>" if "low" in score and "high" in score else ""
    return f"<div><dt>{escape(name)}</dt><dd>{score['value']:.3f}{interval}</dd></div>"


def facts(notebook):
    """Names and values of the footer. The parameters that were set stand out from the defaults."""
    run, about = notebook.metadata.get("papermill", {}), notebook.metadata.get("captioner", {})
    given, defaults = about.get("parameters", {}), about.get("defaults", {})
    recorded = dict(about.get("record", {}).get("facts", []))
    if "seed" in {**defaults, **given}:
        recorded.setdefault("Seed", str(given.get("seed", defaults.get("seed"))))
    settings = [f"<b>{setting(name, value)}</b>" for name, value in given.items()]
    settings += [f"<span>{escape(name)} = {escape(str(value))}</span>" for name, value in defaults.items() if name not in given]
    lines = [
        ("Notebook", escape(about.get("notebook", ""))),
        ("Executed", executed(run, "%-d %B %Y, %H:%M %Z")),
        ("Duration", duration(run["duration"]) if run.get("duration") else None),
        ("Machine", machine(about)),
        ("Version", version(about)),
        *((name, escape(value)) for name, value in recorded.items()),
        ("Parameters", ", ".join(settings)),
    ]
    return [(name, value) for name, value in lines if value]


def setting(name, value):
    return f"{escape(name)} = {escape(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))}"


def executed(run, form):
    start = run.get("start_time")
    return escape(datetime.fromisoformat(start).astimezone().strftime(form)) if start else None


def machine(about):
    if not about.get("processor"):
        return None
    cores = "1 core" if about["cores"] == 1 else f"{about['cores']} cores"
    device = "GPU" if about.get("device") == "gpu" else f"{cores} of {about['processor'].strip()}"
    system = SYSTEMS.get(about.get("system"), about.get("system"))
    return escape(", ".join(part for part in (device, system, f"Node {about.get('node', '').lstrip('v')}") if part))


def version(about):
    if not about.get("version"):
        return None
    commit = f", commit {about['commit']}" if about.get("commit") else ""
    changed = " with uncommitted changes" if about.get("changed") else ""
    return escape(f"captioner {about['version']}{commit}{changed}")


def duration(seconds):
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
