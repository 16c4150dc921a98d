"""PyTorch's side of encode-inception-v3: torchvision's network, frozen (batch norm folded) and channels last, which is fastest."""
import json
import os
from pathlib import Path

import torch

# Where torchvision and PyTorch are of different builds, these are missing; the network has no use for them.
for name in ("nms", "qnms"):
    if not hasattr(torch.ops.torchvision, name):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
import torchvision

from peers.device import device
from peers.serve import serve

sizes = json.loads(Path(__file__).with_suffix(".json").read_text())
torch.set_num_threads(os.cpu_count())
network = torchvision.models.inception_v3(weights=None, transform_input=False, init_weights=False)
network.AuxLogits = None
network.fc = torch.nn.Identity()


class Encoder(torch.nn.Module):
    """From bytes `[batch, size, size, 3]` to pooled features `[batch, 2048]`."""

    def __init__(self):
        super().__init__()
        self.network = network

    def forward(self, pixels):
        x = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
        return self.network(x.contiguous(memory_format=torch.channels_last))


pixels = torch.randint(256, (sizes["batch"], sizes["size"], sizes["size"], 3), dtype=torch.uint8)
with torch.inference_mode():
    frozen = torch.jit.freeze(torch.jit.trace(Encoder().eval().to(device, memory_format=torch.channels_last), pixels))


@torch.inference_mode()
def work():
    for _ in range(sizes["batches"]):
        frozen(pixels)
    return sizes["batches"] * sizes["batch"]


serve(work)
