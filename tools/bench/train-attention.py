"""PyTorch's side of train-attention: the same decoder, as it is usually written, with nn.LSTMCell and the fused Adam."""
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
units, embedding, dropout = sizes["units"], sizes["embedding"], sizes["dropout"]
torch.manual_seed(1)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.image = nn.Linear(sizes["depth"], units)
        self.embedding = nn.Embedding(sizes["vocabulary"], embedding)
        self.begin = nn.Linear(units, 2 * units)
        self.keys = nn.Linear(units, sizes["attention"])
        self.query = nn.Linear(units, sizes["attention"], bias=False)
        self.score = nn.Linear(sizes["attention"], 1, bias=False)
        self.gate = nn.Linear(units, 1)
        self.lstm = nn.LSTMCell(embedding + units, units)
        self.state = nn.Linear(units, embedding, bias=False)
        self.view = nn.Linear(units, embedding, bias=False)
        self.output = nn.Linear(embedding, sizes["vocabulary"])

    def forward(self, features, inputs):
        grid = functional.dropout(functional.relu(self.image(features)), dropout)
        keys = self.keys(grid)
        words = functional.dropout(self.embedding(inputs), dropout)
        h, c = torch.tanh(self.begin(grid.mean(1))).chunk(2, 1)
        states, maps = [], []
        for word in words:
            energies = self.score(torch.tanh(keys + self.query(h)[:, None])).squeeze(2)
            alpha = functional.softmax(energies, 1)
            view = torch.bmm(alpha[:, None], grid).squeeze(1) * torch.sigmoid(self.gate(h))
            h, c = self.lstm(torch.cat([word, view], 1), (h, c))
            states.append(word + self.state(h) + self.view(view))
            maps.append(alpha)
        return self.output(functional.dropout(torch.stack(states), dropout)), torch.stack(maps)


decoder = Decoder().to(device)
adam = torch.optim.Adam(decoder.parameters(), 1e-3, fused=True)
features = torch.rand(sizes["batch"], sizes["cells"], sizes["depth"])
words = torch.randint(4, sizes["vocabulary"], (sizes["steps"] + 1, sizes["batch"]))


def step():
    logits, maps = decoder(features, words[:-1])
    loss = functional.cross_entropy(logits.flatten(0, 1), words[1:].flatten(), ignore_index=0)
    loss = loss + (1 - maps.sum(0)).square().mean()
    adam.zero_grad()
    loss.backward()
    adam.step()
    return loss.item()


def work():
    for _ in range(sizes["block"]):
        step()
    return sizes["block"]


serve(work)
