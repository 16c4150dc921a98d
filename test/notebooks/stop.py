"""Runs cells in one kernel and presses stop. Reads a job from stdin, writes what happened to stdout, both JSON.

The job is a list of actions: {"code": …} runs a cell; with "stops": [seconds, …] stop is pressed so long after it was sent, then after the press
before; "then": [code, …] are sent with it, before the stop, and "late": [code, …] a tenth of a second after it.
Each action's result has the replies' statuses, the text of all cells, and the seconds from the last stop to the first cell's end."""

import json
import sys
import time

from jupyter_client.manager import start_new_kernel


class Kernel:
    def __init__(self, folder):
        self.manager, self.client = start_new_kernel(kernel_name="tslab", cwd=folder)

    def act(self, code, stops=(), then=(), late=()):
        cells = [self.client.execute(one) for one in (code, *then)]
        for wait in stops:
            time.sleep(wait)
            self.manager.interrupt_kernel()
        stopped = time.monotonic()
        if late:
            time.sleep(0.1)  # as two channels carry them, they could overtake each other
        cells += [self.client.execute(one) for one in late]
        texts = {cell: "" for cell in cells}
        idle = set()
        first = None
        heard = time.monotonic()
        while idle != set(cells):
            if not self.manager.is_alive():
                return {"dead": True, "texts": list(texts.values())}
            try:
                message = self.client.get_iopub_msg(timeout=5)
            except Exception:  # nothing came
                if time.monotonic() - heard > 120:
                    return {"silent": True, "texts": list(texts.values())}
                continue
            heard = time.monotonic()
            cell = message["parent_header"].get("msg_id")
            if cell not in texts:
                continue
            if message["msg_type"] == "stream":
                texts[cell] += message["content"]["text"]
            elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                idle.add(cell)
                if cell == cells[0]:
                    first = time.monotonic() - stopped
        replies = {}
        while len(replies) < len(cells):
            reply = self.client.get_shell_msg(timeout=10)
            if reply["parent_header"].get("msg_id") in texts:
                replies[reply["parent_header"]["msg_id"]] = reply["content"]["status"]
        return {"statuses": [replies[cell] for cell in cells], "texts": list(texts.values()), "seconds": first}


def main():
    job = json.load(sys.stdin)
    kernel = Kernel(job["folder"])
    try:
        for action in job["actions"]:
            result = kernel.act(**action)
            print(json.dumps(result), flush=True)
            if "dead" in result or "silent" in result:
                break
    finally:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel(now=True)


main()
