"""Executes a notebook like a person who presses stop now and then and runs the stopped cell again. Reads a job from stdin and writes the
executed notebook, with the last lines of the cells that were stopped, to stdout, both JSON.

The job: {"notebook": file, "folder": working directory, "parameters": code appended to the parameters cell, "stops": {"23": [1.5, 3]}}.
`stops` has for a cell's index how many seconds after its start stop is pressed, in its first execution, its second, and so on."""

import asyncio
import json
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def stopped(cell, replies):
    """Returns the line that a stopped cell ends with, or that it was not begun."""
    if replies[-1] == "aborted":
        return "Not begun"
    texts = [output.get("text", "") or output.get("evalue", "") for output in cell.outputs]
    lines = [line for text in texts for line in text.splitlines() if "Stopped" in line]
    return lines[-1] if lines else None


async def execute(client, cell, index, wait, replies):
    async def press():
        await asyncio.sleep(wait)
        await client.km.interrupt_kernel()

    task = asyncio.create_task(press()) if wait is not None else None
    try:
        await client.async_execute_cell(cell, index)
    except CellExecutionError:
        if not stopped(cell, replies):
            raise
    finally:
        if task:
            task.cancel()


async def run(job):
    notebook = nbformat.read(job["notebook"], as_version=4)
    client = NotebookClient(notebook, timeout=None, kernel_name="tslab", resources={"metadata": {"path": job["folder"]}})
    ends, replies = [], []
    client.on_cell_executed = lambda cell, cell_index, execute_reply: replies.append(execute_reply["content"]["status"])
    async with client.async_setup_kernel():
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            if "parameters" in cell.metadata.get("tags", []):
                cell.source += "\n" + job["parameters"]
            waits = list(job["stops"].get(str(index), []))
            while True:
                await execute(client, cell, index, waits.pop(0) if waits else None, replies)
                end = stopped(cell, replies)
                if end is None:
                    break
                ends.append({"cell": index, "end": end})
    json.dump({"notebook": notebook, "stopped": ends}, sys.stdout)


asyncio.run(run(json.load(sys.stdin)))
