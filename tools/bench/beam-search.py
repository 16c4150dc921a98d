"""PyTorch's side of beam-search: pictures and beams in one batch, and pictures that are done leave it."""
import json
import os
import sys
from pathlib import Path

import numpy
import torch
from torch import nn

from peers.device import device
from peers.serve import serve

sizes = json.loads(Path(__file__).with_suffix(".json").read_text())
searches = 1
if len(sys.argv) > 1:  # fewer pictures at once
    searches = sizes["pictures"] // int(sys.argv[1])
    sizes["pictures"] = int(sys.argv[1])
folder = Path(__file__).parents[2] / ".build" / "bench-beam-search"
beams, longest, vocabulary, units = (sizes[key] for key in ("beams", "maximumLength", "vocabulary", "units"))
start, end, never = 1, 2, [0, 1, 3]


def read(name, *shape):
    return torch.from_numpy(numpy.fromfile(folder / name, "<f4").reshape(shape)).to(device)


def gates(weight):
    """From the order i, g, f, o to PyTorch's i, f, g, o."""
    i, g, f, o = weight.chunk(4, -1)
    return torch.cat([i, f, g, o], -1)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        depth, embedding = sizes["depth"], sizes["embedding"]
        self.image = nn.Linear(depth, embedding)
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.cell = nn.LSTMCell(embedding, units)
        self.output = nn.Linear(units, vocabulary)
        lstm = read("lstm.weight", embedding + units, 4 * units)
        self.load_state_dict(
            {
                "image.weight": read("image.weight", depth, embedding).T,
                "image.bias": read("image.bias", embedding),
                "embedding.weight": read("embedding", vocabulary, embedding),
                "cell.weight_ih": gates(lstm[:embedding]).T,
                "cell.weight_hh": gates(lstm[embedding:]).T,
                "cell.bias_ih": gates(read("lstm.bias", 4 * units)),
                "cell.bias_hh": torch.zeros(4 * units),
                "output.weight": read("output.weight", vocabulary, units),
                "output.bias": read("output.bias", vocabulary),
            }
        )

    def begin(self, features):
        return self.cell(self.image(features))

    def step(self, words, state):
        h, c = self.cell(self.embedding(words), state)
        return self.output(h), (h, c)


def score(sums, length):
    return sums / length ** sizes["lengthPenalty"]


@torch.inference_mode()
def search(decoder, features):
    """The best caption of each picture, as word ids without start and end."""
    pictures = len(features)
    captions = [None] * pictures
    alive = list(range(pictures))
    state = decoder.begin(features)
    sums = torch.zeros(pictures, 1)
    words = torch.full((pictures, 1, 1), start)
    scores = torch.full((pictures, beams), -torch.inf)
    ended = torch.zeros(pictures, beams, longest + 2, dtype=torch.long)
    ranks = torch.arange(2 * beams)
    # After the longest there is one step more: captions end, or are cut off.
    for length in range(1, longest + 2):
        width = sums.shape[1]
        logits, state = decoder.step(words[:, :, -1].flatten(), state)
        logs = logits.log_softmax(-1)
        logs[:, never] = -torch.inf
        # Each row ends in one way only, so among twice as many there are enough that go on.
        best, at = (sums[:, :, None] + logs.view(-1, width, vocabulary)).flatten(1).topk(2 * beams)
        before, word = at // vocabulary, at % vocabulary
        ends = word == end

        found = score(best, length).masked_fill(~(ends & (ranks < beams)), -torch.inf)
        sentences = words.gather(1, before[:, :, None].expand(-1, -1, words.shape[2]))
        padded = nn.functional.pad(sentences, (0, longest + 2 - words.shape[2]))
        scores, chosen = torch.cat([scores, found], 1).topk(beams)
        ended = torch.cat([ended, padded], 1).gather(1, chosen[:, :, None].expand(-1, -1, longest + 2))

        kept = (ranks + ends * 2 * beams).topk(beams, largest=False).indices
        unfinished = words[:, 0]
        sums, before, word = best.gather(1, kept), before.gather(1, kept), word.gather(1, kept)
        words = torch.cat(
            [sentences.gather(1, kept[:, :, None].expand(-1, -1, sentences.shape[2])), word[:, :, None]], 2
        )
        done = (scores[:, -1] > -torch.inf) & (score(sums[:, 0], longest + 1) <= scores[:, -1])
        if length > longest:
            done[:] = True
        # Read at once: on a GPU, every read waits.
        cut = nn.functional.pad(unfinished, (0, longest + 2 - unfinished.shape[1]))
        sentences = torch.where(scores[:, :1] > -torch.inf, ended[:, 0], cut)
        rows = done.nonzero().flatten()
        for row, ids in zip(rows.tolist(), sentences[rows].tolist(), strict=True):
            captions[alive[row]] = [id for id in ids if id > end]
        going = (~done).nonzero().flatten()
        if len(going) == 0:
            return captions
        rows = (going[:, None] * width + before[going]).flatten()
        state = tuple(part[rows] for part in state)
        alive = [alive[row] for row in going.tolist()]
        sums, words, scores, ended = (part[going] for part in (sums, words, scores, ended))


decoder = Decoder().to(device)
features = read("features", sizes["pictures"], sizes["depth"])
captions = search(decoder, features)
expected = json.loads((folder / "captions.json").read_text())
same = sum(a == b for a, b in zip(captions, expected, strict=True))
# Sums of float32 that are nearly the same may fall either way; with the 11 bits of a GPU's TF32 too many are nearly the same.
exact = device.type == "cpu" or os.environ.get("NVIDIA_TF32_OVERRIDE") == "0"
if exact and same < 0.98 * len(expected):
    raise SystemExit(f"expected the same captions, got {same} of {len(expected)}")


def work():
    for _ in range(searches):
        search(decoder, features)
    return 1


serve(work)
