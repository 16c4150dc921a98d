"""PyTorch's side of encode-efficientnet-lite2: the network of the package efficientnet_lite_pytorch."""
import torch

from peers.efficientnet_lite2 import features, sizes
from peers.serve import serve

pixels = torch.randint(256, (sizes["batch"], sizes["size"], sizes["size"], 3), dtype=torch.uint8)


def work():
    for _ in range(sizes["batches"]):
        features(pixels)
    return sizes["batches"] * sizes["batch"]


serve(work)
