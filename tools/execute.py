"""Executes one notebook with papermill and writes it as a notebook and as one self-contained page.

Reads a job from stdin: {notebook, name, parameters: [[name, text], …], folder, output, assets, links, paths, about}. `folder` is where
the notebook is executed, `output` where report.ipynb and report.html are written; tools/report.mjs explains the rest.
Reports events on stdout, one JSON object per line: section, output, then done or failed. All other output goes to stderr."""

import itertools
import json
import logging
import os
import re
import sys
import time
import warnings
from datetime import datetime
from pathlib import Path

events = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # output of libraries must not mix with the events
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import nbformat  # noqa: E402
from jupyter_client.kernelspec import NoSuchKernel  # noqa: E402
from nbclient.exceptions import CellTimeoutError, DeadKernelError  # noqa: E402
from papermill import execute_notebook  # noqa: E402
from papermill.clientwrap import PapermillNotebookClient  # noqa: E402
from papermill.engines import NBClientEngine, papermill_engines  # noqa: E402
from papermill.exceptions import PapermillExecutionError  # noqa: E402
from papermill.execute import ERROR_MARKER_TAG  # noqa: E402
from papermill.translators import papermill_translators  # noqa: E402

import lifeline  # noqa: E402
from page import write_page  # noqa: E402
from portable import link_reports, without_paths  # noqa: E402
from translator import TslabTranslator, WrongParameter, convert  # noqa: E402

KERNEL = {"name": "tslab", "display_name": "TypeScript", "language": "typescript"}
FAILED, WRONG_USE = 1, 2

# Two extra cells, removed again afterwards. In tslab, errors from timers and from promises that aren't awaited don't fail a
# cell, and their output between cells is lost: the first cell collects them in the kernel, the last one reports them.
# The symbol makes the library record facts for the report (lib/report-record.ts), which the last cell reports too.
PROLOGUE = r"""(globalThis as any).captionerErrors = [];
(globalThis as any)[Symbol.for('captioner.report')] = true;
for (const kind of ['uncaughtException', 'unhandledRejection']) process.on(kind, (error: any) =>
  (globalThis as any).captionerErrors.push({time: Date.now() / 1000, text: String(error?.stack ?? error)}));"""
EPILOGUE = r"""await new Promise((resolve) => setTimeout(resolve, 300));
const captionerModule = (name: RegExp) =>
  (Object.entries((require as any).cache) as [string, any][]).find(([file]) => name.test(file))?.[1].exports;
console.log(JSON.stringify({
  errors: (globalThis as any).captionerErrors,
  record: captionerModule(/dist[\\/]report-record\.js$/)?.reportRecord(),
  device: captionerModule(/dist[\\/]tensorflow[\\/]tensorflow\.js$/)?.device(),
  node: process.version,
  system: process.platform,
  processor: require('os').cpus()[0]?.model,
  cores: require('os').cpus().length,
}));"""
OURS = "captioner-report"


def say(event, **content):
    events.write(json.dumps({"event": event, **content}, ensure_ascii=False) + "\n")
    events.flush()


class Client(PapermillNotebookClient):
    """Reports outputs while a cell runs: training is a single cell and may take long."""

    def process_message(self, msg, *rest, **named):
        data = msg["content"].get("data") if msg["msg_type"] in ("display_data", "update_display_data") else None
        if data and data.get("text/plain"):
            say("output", text=data["text/plain"].split("\n")[0][:160])
        return super().process_message(msg, *rest, **named)


class Engine(NBClientEngine):
    """papermill's engine, but it reports the current section and keeps the notebook if a cell fails."""

    notebook = None

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **_):
        cls.notebook = nb_man.nb
        start_cell = nb_man.cell_start
        counter = itertools.count(1)

        def cell_start(cell, cell_index=None, **rest):
            if cell.cell_type == "code" and not is_ours(cell):
                cell.execution_count = next(counter)  # tslab does not report it
            heading = re.match(r"#+\s+(.+)", cell.source) if cell.cell_type == "markdown" else None
            if heading:
                say("section", title=heading[1].strip(), cell=cell_index, cells=len(nb_man.nb.cells) - 2)
            return start_cell(cell, cell_index, **rest)

        nb_man.cell_start = cell_start
        return Client(nb_man, kernel_name=kernel_name, timeout=None, startup_timeout=120, iopub_timeout=60).execute()


papermill_translators.register(KERNEL["name"], TslabTranslator)
papermill_engines.register("captioner", Engine)


def main():
    lifeline.watch(lifeline.end_with_kernels())
    job = json.load(sys.stdin)
    try:
        notebook = nbformat.read(job["notebook"], as_version=4)
    except Exception:  # nbformat and json raise many kinds of errors
        return fail(f"{job['name']}: expected a Jupyter notebook, got another kind of file", WRONG_USE)
    notebook.metadata["kernelspec"] = KERNEL
    try:
        parameters = convert(declared(notebook), job["parameters"])
    except WrongParameter as error:
        return fail(f"{job['name']}: {error}", WRONG_USE)
    prologue, epilogue = (nbformat.v4.new_code_cell(source, metadata={"tags": [OURS]}) for source in (PROLOGUE, EPILOGUE))
    notebook.cells = [prologue, *notebook.cells, epilogue]

    started = time.monotonic()
    problem, code = run(notebook, parameters, job["folder"])
    notebook = Engine.notebook or notebook
    about = reported_by_kernel(notebook)
    notebook.cells = [cell for cell in notebook.cells if not is_ours(cell)]
    late = about.pop("errors", [])
    if problem is None and late:
        problem, code = late_error(notebook, late[0]), FAILED
    defaults = {parameter.name: parameter.default for parameter in declared(notebook)}
    notebook.metadata["captioner"] = {**job["about"], **about, "parameters": parameters, "defaults": defaults}
    # papermill keeps all of the unexecuted notebook here, and variables of the environment.
    for name in ("input_path", "output_path", "environment_variables"):
        notebook.metadata.get("papermill", {}).pop(name, None)
    if job["links"]:
        link_reports(notebook, **job["links"])
    notebook = without_paths(notebook, job["paths"])
    output = Path(job["output"])
    output.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, output / "report.ipynb")
    if problem is not None:
        return fail(f"{job['name']}{problem}", code)
    write_page(notebook, output / "report.html", job["name"], job["assets"])
    say("done", seconds=time.monotonic() - started)
    return 0


def declared(notebook):
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    return TslabTranslator.inspect(cells[0]) if cells else []


def run(notebook, parameters, folder):
    """Returns what went wrong, or None, and the exit code."""
    try:
        execute_notebook(
            notebook,
            None,
            parameters=parameters,
            engine_name="captioner",
            kernel_name="tslab",
            language="typescript",
            progress_bar=False,
            cwd=folder,
        )
    except PapermillExecutionError:
        return failed_cell(Engine.notebook)
    except DeadKernelError:
        return ": the kernel died in the middle of a cell; it may have run out of memory", FAILED
    except CellTimeoutError:
        return ": outputs were lost because a cell displayed or printed too much at once", FAILED
    except NoSuchKernel:
        return ": the Jupyter kernel tslab is not installed; run `npm start` to set it up", FAILED
    return None, 0


def failed_cell(notebook):
    index = next(i for i, cell in enumerate(notebook.cells) if cell.metadata.get("papermill", {}).get("exception"))
    cell = notebook.cells[index]
    message = main_error(stderr_of(cell)) or "the cell failed without a message"
    if "injected-parameters" in cell.metadata.get("tags", []):
        return f": a parameter has the wrong type: {message}", WRONG_USE
    return f", {location(notebook, index)}: {message}", FAILED


def late_error(notebook, error):
    """Attributes an error outside a cell's own run to the cell that was running, or else was the last to run."""

    def started(cell):
        start = cell.metadata.get("papermill", {}).get("start_time")
        return datetime.fromisoformat(start).timestamp() if start else float("inf")

    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    index = max((index for index in code if started(notebook.cells[index]) <= error["time"]), default=code[0])
    return f", {location(notebook, index)}, in work that it did not await: {main_error(error['text'])}"


def location(notebook, index):
    headings = [re.match(r"#+\s+(.+)", cell.source) for cell in notebook.cells[:index] if cell.cell_type == "markdown"]
    section = next((heading[1].strip() for heading in reversed(headings) if heading), None)
    count = notebook.cells[index].get("execution_count")
    return f"cell [{count}]" + (f' in "{section}"' if section else "")


def stderr_of(cell):
    outputs = cell.get("outputs", [])
    return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stderr")


def main_error(text):
    """Extracts the error message from a stack trace or from the type checker's output."""
    text = re.sub(r"\x1b\[[\d;]*m", "", text)
    errors = re.findall(r"^(?:Uncaught\w+: |Unhandled\w+: )?(?:\w*Error|\w*Exception)\b.*(?:\n(?!\s+at |\{| {2}).+)*", text, re.MULTILINE)
    lines = errors[-1] if errors else text
    lines = [line.strip() for line in lines.split("\n") if line.strip() and not re.match(r"\s+at ", line)]
    return re.sub(r"\s+\{$", "", " ".join(lines))[:1000]


def is_ours(cell):
    tags = cell.metadata.get("tags", [])
    return OURS in tags or ERROR_MARKER_TAG in tags


def reported_by_kernel(notebook):
    outputs = [output for cell in notebook.cells if is_ours(cell) for output in cell.get("outputs", [])]
    try:
        return json.loads("".join(output.text for output in outputs if output.get("name") == "stdout"))
    except ValueError:
        return {}  # the last cell was not reached


def fail(message, code):
    say("failed", message=message, code=code)
    return code


if __name__ == "__main__":
    sys.exit(main())
