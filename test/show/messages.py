"""Runs cells in one kernel and records their displays. Reads a job from stdin, writes what came to stdout, both JSON.

The job has a folder and a list of cells: {"code": …}; with "stop": seconds, stop is pressed so long after the cell's first display. Each result has
the cell's status, its text, and its displays: when each came, in seconds, whether it is an update, the cell that it belongs to, its display id,
and its content by MIME type."""

import json
import sys
import time

from jupyter_client.manager import start_new_kernel


def run(manager, client, cells, number, code, stop=None):
    cells[client.execute(code)] = number
    displays, text, pressed, first, status = [], "", False, None, None
    start = time.monotonic()
    while status is None:
        if stop is not None and first is not None and not pressed and time.monotonic() - first > stop:
            manager.interrupt_kernel()
            pressed = True
        if time.monotonic() - start > 120:
            raise RuntimeError(f"cell {number} does not end: {text}")
        try:
            message = client.get_iopub_msg(timeout=0.05)
        except Exception:  # nothing came
            continue
        kind, content = message["msg_type"], message["content"]
        cell = cells.get(message["parent_header"].get("msg_id"))
        if kind in ("display_data", "update_display_data"):
            first = first or time.monotonic()
            displays.append(
                {
                    "time": time.monotonic() - start,
                    "update": kind == "update_display_data",
                    "cell": cell,
                    "id": content["transient"].get("display_id"),
                    "data": content["data"],
                }
            )
        elif kind == "stream":
            text += content["text"]
        elif kind == "status" and content["execution_state"] == "idle" and cell == number:
            reply = client.get_shell_msg(timeout=20)
            while cells.get(reply["parent_header"].get("msg_id")) != number:
                reply = client.get_shell_msg(timeout=20)
            status = reply["content"]["status"]
    return {"status": status, "text": text, "displays": displays, "seconds": time.monotonic() - start}


def main():
    job = json.load(sys.stdin)
    # What the kernel's process itself prints must not get into the results.
    manager, client = start_new_kernel(kernel_name="tslab", cwd=job["folder"], stdout=sys.stderr)
    try:
        cells = {}
        for number, cell in enumerate(job["cells"]):
            print(json.dumps(run(manager, client, cells, number, **cell)), flush=True)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main()
