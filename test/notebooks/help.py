"""Asks a kernel for help, as Tab and Shift-Tab do. Reads a job from stdin, writes what happened to stdout, both JSON.

The job is a list of actions, each with code: it is run; or with "tab" or "shiftTab": true, the cursor is where the code has a `|`.
The result of an action is the text of the cell's outputs, the list of completions, or the text that is shown."""

import json
import sys

from jupyter_client.manager import start_new_kernel


def run(client, code):
    texts = []

    def keep(message):
        content = message["content"]
        texts.append(content.get("text") or content.get("data", {}).get("text/plain", ""))

    reply = client.execute_interactive(code, output_hook=lambda m: m["msg_type"] in ("stream", "display_data") and keep(m))
    return {"status": reply["content"]["status"], "text": "".join(texts)}


def main():
    job = json.load(sys.stdin)
    manager, client = start_new_kernel(kernel_name="tslab", cwd=job["folder"])
    try:
        for action in job["actions"]:
            code = action["code"]
            cursor = code.find("|")
            bare = code.replace("|", "", 1)
            if action.get("tab"):
                reply = client.complete(bare, cursor, reply=True, timeout=60)
                result = {"matches": reply["content"]["matches"]}
            elif action.get("shiftTab"):
                reply = client.inspect(bare, cursor, reply=True, timeout=60)
                result = {"text": reply["content"]["data"].get("text/plain", "")}
            else:
                result = run(client, code)
            print(json.dumps(result), flush=True)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main()
