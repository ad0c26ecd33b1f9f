"""Helm values with a person's overrides on top."""

from __future__ import annotations

import io
from collections.abc import Mapping, MutableMapping
from typing import Any

from signalen_toolkit.documents.scalars import inline, is_plain


def overlaid(text: str, overrides: Mapping[str, Any]) -> str:
    """Lay overrides over values, as `helm -f` would a second file: maps merge, the rest is replaced.

    Comments and order of the text stay.
    """
    if not overrides:
        return text
    from ruamel.yaml import YAML
    from ruamel.yaml.representer import RoundTripRepresenter

    class Representer(RoundTripRepresenter):
        """Writes numbers as we do: ruamel's `5e-324` is a text to Helm."""

    Representer.add_representer(
        float, lambda writer, value: writer.represent_scalar("tag:yaml.org,2002:float", inline(value))
    )
    yaml = YAML()
    yaml.Representer = Representer
    yaml.preserve_quotes = True
    yaml.width = 1_000_000  # no folding: one setting, one line
    yaml.indent(mapping=2, sequence=4, offset=2)
    data = yaml.load(text)
    _lay(data, _with_texts(overrides))
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()


def _with_texts(overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write the environment variables as the texts that they are.

    Charts make the text themselves, and Helm has read a number as a fraction by then: 20971520 becomes 2.097152e+07,
    which the application does not take for a whole number. Elsewhere (labels, arguments) schemas ask for text.
    """
    variables = overrides.get("env")
    if not isinstance(variables, Mapping):
        return overrides
    texts = {name: inline(value) if isinstance(value, int | float) else value for name, value in variables.items()}
    return {**overrides, "env": texts}


def _lay(below: MutableMapping[Any, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(below.get(key), MutableMapping):
            _lay(below[key], value)
        else:
            below[key if key in below else _safe(key)] = _safe(value)


def _safe(value: Any) -> Any:
    """Prepare a value so that it is written on one line, as every reader of YAML understands it.

    A text that some reader could take for something else (`no`, `1e3`) gets quotes. On one line, because ruamel.yaml
    writes a comment that follows the old value into the middle of a new list.
    """
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, str):
        return value if is_plain(value) else DoubleQuotedScalarString(value)
    below: CommentedMap | CommentedSeq
    if isinstance(value, Mapping):
        below = CommentedMap((_safe(key), _safe(child)) for key, child in value.items())
    elif isinstance(value, list):
        below = CommentedSeq(_safe(child) for child in value)
    else:
        return value
    below.fa.set_flow_style()
    return below
