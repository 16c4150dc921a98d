"""The captions that the benchmarks of metrics score, as pycocoevalcap splits them."""
import contextlib
import io
import json
import shutil
import sys
from pathlib import Path

from pycocoevalcap.tokenizer import ptbtokenizer

if shutil.which("java") is None:
    sys.exit("Expected Java, which pycocoevalcap needs, found none")
captions = json.loads((Path(__file__).parents[3] / ".build" / "bench-captions.json").read_text())


def tokens():
    """References and candidates by image, each a list of strings of tokens."""
    def split(lists):
        keyed = {at: [{"caption": caption} for caption in own] for at, own in enumerate(lists)}
        return ptbtokenizer.PTBTokenizer().tokenize(keyed)

    return split(captions["references"]), split([[caption] for caption in captions["candidates"]])


def quiet():
    """Keeps what pycocoevalcap prints away from our own lines."""
    return contextlib.redirect_stdout(io.StringIO())
