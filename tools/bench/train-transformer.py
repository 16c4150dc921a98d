"""PyTorch's side of train-transformer: the same sizes of PyTorch's own layers, with the fused Adam."""
import json
import math
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from peers.device import device
from peers.serve import serve

sizes = json.loads(Path(__file__).with_suffix(".json").read_text())
if len(sys.argv) > 1:  # a smaller batch
    sizes["batch"] = int(sys.argv[1])
units, dropout, steps = sizes["units"], sizes["dropout"], sizes["steps"]
torch.manual_seed(1)
shape = dict(d_model=units, nhead=sizes["heads"], dim_feedforward=sizes["feedForward"], dropout=dropout, batch_first=True, norm_first=True)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.image = nn.Linear(sizes["depth"], units)
        self.embedding = nn.Embedding(sizes["vocabulary"], units)
        norm = nn.LayerNorm(units)
        self.cells = nn.TransformerEncoder(nn.TransformerEncoderLayer(**shape), sizes["encoderLayers"], norm, enable_nested_tensor=False)
        self.words = nn.TransformerDecoder(nn.TransformerDecoderLayer(**shape), sizes["layers"], nn.LayerNorm(units))
        self.bias = nn.Parameter(torch.zeros(sizes["vocabulary"]))
        self.register_buffer("ahead", nn.Transformer.generate_square_subsequent_mask(steps))
        self.register_buffer("places", torch.randn(steps, units))
        self.register_buffer("cell_places", torch.randn(sizes["cells"], units))

    def forward(self, features, inputs):
        grid = functional.dropout(self.image(features) + self.cell_places, dropout)
        words = functional.dropout(self.embedding(inputs) * math.sqrt(units) + self.places, dropout)
        states = self.words(words, self.cells(grid), tgt_mask=self.ahead, tgt_is_causal=True)
        return functional.linear(functional.dropout(states, dropout), self.embedding.weight, self.bias)


decoder = Decoder().to(device)
adam = torch.optim.Adam(decoder.parameters(), 1e-3, fused=True)
features = torch.rand(sizes["batch"], sizes["cells"], sizes["depth"])
words = torch.randint(4, sizes["vocabulary"], (sizes["batch"], steps + 1))


def step():
    logits = decoder(features, words[:, :-1])
    loss = functional.cross_entropy(logits.flatten(0, 1), words[:, 1:].flatten(), ignore_index=0)
    adam.zero_grad()
    loss.backward()
    adam.step()
    return loss.item()


def work():
    for _ in range(sizes["block"]):
        step()
    return sizes["block"]


serve(work)
