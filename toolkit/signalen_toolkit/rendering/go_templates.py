"""Texts in the language of Go's templates, which is how Argo CD is told what to say.

A mistake in one template would silence all, so no text of a person stands in it but as a text.
"""

from __future__ import annotations

import json
from typing import Any, Final

# The text in a body that stands for the value of an expression: one of its own, that no title is.
_VALUE: Final = "@"


def as_json(value: Any) -> str:
    """Return a value as JSON."""
    return json.dumps(value, ensure_ascii=False)


def go_text(text: str) -> str:
    """Return a template that yields just this text."""
    return text.replace("{{", "{{`{{`}}")


def go_value(expression: str) -> str:
    """Return a template that yields the value of an expression."""
    return f"{{{{{expression}}}}}"


def go_json(body: Any, expression: str) -> str:
    """Return a template that yields a body as JSON, in which `@` is the value of an expression."""
    return go_text(as_json(body)).replace(as_json(_VALUE), go_value(f"{expression} | toJson"))
