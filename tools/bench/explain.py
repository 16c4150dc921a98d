"""
PyTorch's side of explain: Captum's integrated gradients, word by word, of the same captioner. Batch norm is folded into the
convolutions, the weights need no gradients, and channels come last, which is fastest.
"""
import json
import os
from pathlib import Path

import torch
from captum.attr import IntegratedGradients
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from peers.device import device
from peers.efficientnet_lite2 import network
from peers.serve import serve

sizes = json.loads(Path(__file__).with_suffix(".json").read_text())
torch.set_num_threads(os.cpu_count())
torch.manual_seed(1)
units, embedding, words = sizes["units"], sizes["embedding"], sizes["words"]


def fold(network):
    """Folds each batch norm into its convolution."""
    pairs = [("_conv_stem", "_bn0"), ("_conv_head", "_bn1"), ("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
    for part in list(network.modules()):
        for convolution, norm in pairs:
            if hasattr(part, convolution):
                setattr(part, convolution, fuse_conv_bn_eval(getattr(part, convolution), getattr(part, norm)))
                setattr(part, norm, nn.Identity())
    for part in network.modules():
        # As large as keeps outputs as large as inputs: numbers that are almost 0 take many times as long.
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight)


class Captioner(nn.Module):
    """From pixels `[batch, size, size, 3]` and embeddings `[batch, words, embedding]` to the words' log-probabilities."""

    def __init__(self):
        super().__init__()
        self.network = network.eval()
        fold(self.network)
        self.image = nn.Linear(sizes["depth"], units)
        self.begin = nn.Linear(units, 2 * units)
        self.keys = nn.Linear(units, sizes["attention"])
        self.query = nn.Linear(units, sizes["attention"], bias=False)
        self.score = nn.Linear(sizes["attention"], 1, bias=False)
        self.gate = nn.Linear(units, 1)
        self.lstm = nn.LSTMCell(embedding + units, units)
        self.state = nn.Linear(units, embedding, bias=False)
        self.view = nn.Linear(units, embedding, bias=False)
        self.output = nn.Linear(embedding, sizes["vocabulary"])

    def forward(self, pixels, embeddings):
        x = (pixels.permute(0, 3, 1, 2) - 127) / 128
        grid = self.network.extract_features(x).flatten(2).transpose(1, 2)
        grid = functional.relu(self.image(grid))
        keys = self.keys(grid)
        h, c = torch.tanh(self.begin(grid.mean(1))).chunk(2, 1)
        states = []
        for word in embeddings.unbind(1):
            energies = self.score(torch.tanh(keys + self.query(h)[:, None])).squeeze(2)
            alpha = functional.softmax(energies, 1)
            view = torch.bmm(alpha[:, None], grid).squeeze(1) * torch.sigmoid(self.gate(h))
            h, c = self.lstm(torch.cat([word, view], 1), (h, c))
            states.append(word + self.state(h) + self.view(view))
        logits = self.output(torch.stack(states, 1))
        return functional.log_softmax(logits, 2)[:, torch.arange(words), 4 + torch.arange(words)]


captioner = Captioner().to(device, memory_format=torch.channels_last).requires_grad_(False)
captum = IntegratedGradients(captioner)
pixels = torch.rand(1, sizes["size"], sizes["size"], 3, device=device) * 255
embeddings = torch.randn(1, words, embedding, device=device)
baselines = (torch.zeros_like(pixels), torch.zeros_like(embeddings))


done = 0


def work():
    """A block is some of the words: Captum explains each by itself."""
    global done
    for word in range(done, done + sizes["block"]):
        more = {"n_steps": sizes["steps"], "method": "gausslegendre", "internal_batch_size": sizes["batch"]}
        captum.attribute((pixels, embeddings), baselines=baselines, target=word % words, **more)
    done += sizes["block"]
    return sizes["block"] / words


serve(work)
