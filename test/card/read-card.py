"""Reads a card as others do: its metadata as YAML, its text as a Markdown processor renders it. Prints both as JSON."""

import json
import sys

import yaml
from markdown_it import MarkdownIt

text = sys.stdin.read()
_, head, body = text.split("---\n", 2)
page = MarkdownIt("commonmark", {"html": True}).enable("table").render(body)
print(json.dumps({"metadata": yaml.safe_load(head), "html": page}))
