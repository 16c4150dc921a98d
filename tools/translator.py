"""Writes papermill's parameters for the tslab kernel: each becomes an assignment to a `let` declared in the notebook's
parameters cell, so that tslab's type checker rejects unknown names and wrong types."""

import json
import re

from papermill.models import Parameter
from papermill.translators import Translator

DECLARATION = re.compile(
    r"^\s*(?:let|var)\s+(?P<name>[A-Za-z_$][\w$]*)\s*(?::\s*(?P<type>[^=]+?))?\s*=\s*(?P<rest>.*)$", re.MULTILINE
)
COMMENT = re.compile(r"""^(?P<value>(?:[^"'`/]|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|/(?!/))*)(?://\s*(?P<help>.*))?$""")


class TslabTranslator(Translator):
    @classmethod
    def translate(cls, val):
        return json.dumps(val, ensure_ascii=False)

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}"

    @classmethod
    def assign(cls, name, str_val):
        return f"{name} = {str_val};"

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        # tslab prints a cell's last expression; `void 0` prints nothing.
        return super().codify(parameters, comment) + "void 0;"

    @classmethod
    def inspect(cls, parameters_cell):
        found = []
        for declaration in DECLARATION.finditer(parameters_cell["source"]):
            parts = COMMENT.match(declaration["rest"])
            value = (parts["value"] if parts else declaration["rest"]).strip().rstrip(";").strip()
            kind = (declaration["type"] or infer(value)).strip()
            found.append(Parameter(declaration["name"], kind, value, (parts and parts["help"]) or ""))
        return found


def infer(value):
    """The type of a literal; `unknown` for any other expression."""
    if value in ("true", "false"):
        return "boolean"
    if re.fullmatch(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?|NaN|-?Infinity", value, re.IGNORECASE):
        return "number"
    if re.fullmatch(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`$]*`)""", value):
        return "string"
    return "unknown"


class WrongParameter(Exception):
    """A parameter that the notebook does not accept; the message is for the user."""


def convert(declared, given):
    """Converts values from the command line to the declared types; checks names and types."""
    known = {parameter.name: parameter for parameter in declared}
    values = {}
    for name, text in given:
        if name not in known:
            takes = ", ".join(known) if known else "none"
            raise WrongParameter(f'Unknown parameter "{name}"; this notebook takes: {takes}')
        values[name] = value_of(name, known[name].inferred_type_name, text)
    return values


def value_of(name, kind, text):
    if kind == "string":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if (kind == "number" and not is_number) or (kind == "boolean" and not isinstance(value, bool)):
        expected = {"number": "a number", "boolean": "true or false"}[kind]
        raise WrongParameter(f"Expected parameter `{name}` to be {expected}, got {json.dumps(text, ensure_ascii=False)}")
    return value
