"""Runs the cells of a notebook in a kernel of a running JupyterLab, as its page does.

Arguments: the notebook, and Jupyter's runtime folder. It doesn't wait for the end, but lives until it is ended."""

import glob
import json
import sys
import time
import urllib.request

from jupyter_client import BlockingKernelClient

notebook, runtime = sys.argv[1:]
server = json.load(open(glob.glob(f"{runtime}/jpserver-*.json")[0]))
request = urllib.request.Request(
    f"{server['url']}api/kernels",
    data=json.dumps({"name": "tslab"}).encode(),
    headers={"Authorization": f"token {server['token']}", "Content-Type": "application/json"},
)
kernel = json.load(urllib.request.urlopen(request))["id"]
client = BlockingKernelClient(connection_file=f"{runtime}/kernel-{kernel}.json")
client.load_connection_file()
client.start_channels()
client.kernel_info()
client.get_shell_msg(timeout=120)
for cell in json.load(open(notebook))["cells"]:
    if cell["cell_type"] == "code":
        client.execute("".join(cell["source"]))
while True:
    time.sleep(1)
