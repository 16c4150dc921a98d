"""PyTorch's side of encode-files: Pillow in the workers of a DataLoader, features in half precision in one file."""
import tempfile
from pathlib import Path

import numpy
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from peers.device import device
from peers.efficientnet_lite2 import features, sizes, threads
from peers.serve import serve

photographs = Path(__file__).parents[2] / ".build" / "bench-files"


class Photographs(Dataset):
    files = sorted(photographs.glob("*.jpg"))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, at):
        with Image.open(self.files[at]) as image:
            return numpy.asarray(image.convert("RGB").resize((sizes["size"],) * 2, Image.Resampling.BICUBIC))


def stay_on_cpu(_):
    torch.set_default_device("cpu")


if __name__ == "__main__":
    loader = DataLoader(Photographs(), sizes["batch"], num_workers=threads, persistent_workers=True, worker_init_fn=stay_on_cpu)

    def work():
        rows = torch.cat([features(batch.to(device)).half() for batch in loader])
        with tempfile.NamedTemporaryFile() as out:
            torch.save(rows, out)
        return len(rows)

    serve(work)
