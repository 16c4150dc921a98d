"""PyTorch's side of train-lstm: the same decoder, by torch.nn.LSTM and the fused Adam."""
import json
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
torch.manual_seed(1)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.image = nn.Linear(sizes["depth"], sizes["embedding"])
        self.embedding = nn.Embedding(sizes["vocabulary"], sizes["embedding"])
        self.lstm = nn.LSTM(sizes["embedding"], sizes["units"])
        self.output = nn.Linear(sizes["units"], sizes["vocabulary"])

    def forward(self, features, inputs):
        x = torch.cat([self.image(features)[None], self.embedding(inputs)])
        states, _ = self.lstm(functional.dropout(x, sizes["dropout"]))
        return self.output(functional.dropout(states[1:], sizes["dropout"]))


decoder = Decoder().to(device)
adam = torch.optim.Adam(decoder.parameters(), 1e-3, fused=True)
features = torch.rand(sizes["batch"], sizes["depth"])
words = torch.randint(4, sizes["vocabulary"], (sizes["steps"] + 1, sizes["batch"]))


def step():
    logits = decoder(features, words[:-1])
    loss = functional.cross_entropy(logits.flatten(0, 1), words[1:].flatten(), ignore_index=0)
    adam.zero_grad()
    loss.backward()
    adam.step()
    return loss.item()


def work():
    for _ in range(sizes["block"]):
        step()
    return sizes["block"]


serve(work)
