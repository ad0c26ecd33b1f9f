"""Secrets in plain text: what stands in a form stands in Git, for everybody who can read it, for ever."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from signalen_toolkit.catalog.model import Component
from signalen_toolkit.diagnostics.hiding import MASK, masked
from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.diagnostics.secret_shapes import (
    TOKEN,
    contents,
    fold,
    is_surely_secret_field,
    is_surely_secret_variable,
)
from signalen_toolkit.diagnostics.source import CUT, dotted
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

_REFERENCE = re.compile(r"\$\([A-Za-z_][A-Za-z0-9_]*\)")  # Kubernetes fills in another variable
_SHORTEST: Final = 4  # letters of a secret that are looked for in messages
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_NO_SECRETS: Final = frozenset({"true", "false", "null", "none"})
# Where the configuration of the site stands, within a form: every browser gets it, so that nothing in it is a secret.
_PUBLIC: Final = ("overrides", "frontend", "config")
# Such as the one with which the map of Amsterdam is asked for.
_IN_PUBLIC: Final = frozenset({TOKEN, "a key in an address"})
# Below these keys stand names of Secrets and of their keys.
_NAMES: Final = frozenset({"secretkeyref", "secretref", "secretname", "existingsecret"})


@rule("plain-secret", "a form is in Git: who can read the repository, now or later, has the secret")
def plain_secret(form: Form) -> Iterator[Problem]:
    """Reports passwords, keys and tokens in plain text, anywhere in the form.

    It looks at the names of keys and of environment variables, and at texts that look like a secret by themselves. The
    name of a Secret is none, nor is a connection string that only says where to send measurements. In the configuration
    of the site a key is no secret, for every browser gets it; a private key or a password there still is.
    """
    found = list(_secrets(form.document.data, ()))
    yield from _hidden(form.document, (_problem(form, place, what) for place, what in found), found)


def _problem(form: Form, place: Place, what: str) -> Problem:
    hint = f"remove it, and change the secret; {belongs(form, place)}"
    return form.document.problem("plain-secret", f"'{dotted(place)}' holds {what} in plain text", place, hint=hint)


def hide(document: Document, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Put dots in place of every secret in the lines and the messages of problems.

    Other rules report on the same lines, and what they print ends up in the log of a pipeline.
    """
    yield from _hidden(document, problems, _secrets(document.data, ()))


def _hidden(document: Document, problems: Iterable[Problem], secrets: Iterable[tuple[Place, str]]) -> Iterator[Problem]:
    spans: dict[tuple[str, int], list[tuple[int, int]]] = {}
    values: set[str] = set()
    for place, _ in secrets:
        shown = document.position(place)
        node = document.node(place)
        if node is None or node.style not in ("plain", "quoted"):
            continue  # a text of more lines shows as its key
        place_of = document.holder(place).file, shown.line
        spans.setdefault(place_of, []).append((shown.column - 1, shown.end_column - 1))
        if len(text := str(node.data)) >= _SHORTEST:
            values.add(text)
    repeated = _Repeated(values)
    lines: dict[tuple[str, int, str], str] = {}  # each hidden once, however many problems it has
    for problem in problems:
        line = problem.file, problem.line, problem.source
        if problem.source and line not in lines:
            lines[line] = masked(problem.source, spans.get(line[:2], ()))
        message, hint = repeated.hidden(problem.message), repeated.hidden(problem.hint)
        yield replace(problem, source=lines.get(line, ""), message=message, hint=hint)


class _Repeated:
    """Finds values in messages, whole or as messages quote them: on one line, cut, or with quotes escaped.

    Values are looked up by their begin, so that many of them take no longer than one.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._values: dict[str, list[str]] = {}
        for value in values:
            for said in dict.fromkeys((value, " ".join(value.split()), json.dumps(value, ensure_ascii=False)[1:-1])):
                self._values.setdefault(said[:_SHORTEST], []).append(said)

    def hidden(self, message: str) -> str:
        """Return a message with dots in the place of every value of which it has the begin."""
        if not self._values or not message:
            return message
        parts, at = list[str](), 0
        while at < len(message):
            length = self._length(message, at)
            parts.append(MASK * 8 if length else message[at])
            at += length or 1
        return "".join(parts)

    def _length(self, message: str, at: int) -> int:
        """Return how many letters of a value stand at a place: all, or as many as there are before a cut."""
        for value in self._values.get(message[at : at + _SHORTEST], ()):
            if message.startswith(value, at):
                return len(value)
            cut = message.find(CUT, at, at + len(value))
            if cut > 0 and value.startswith(message[at:cut]):
                return cut - at
        return 0


def places(data: Mapping[str, Any]) -> list[Place]:
    """List the places in a form at which a secret stands in plain text."""
    return [place for place, _ in _secrets(data, ())]


def _secrets(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Yield the place of every secret, and what it is."""
    if isinstance(value, Mapping):
        yield from _variable(value, place)
        for key, child in value.items():
            if fold(key) not in _NAMES:
                yield from _secrets(child, (*place, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _secrets(child, (*place, index))
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and (what := _what(str(value), place)):
        yield place, what


def _what(text: str, place: Place) -> str:
    """Say what kind of secret a value is; nothing where it is none."""
    if not text or _REFERENCE.fullmatch(text) or text.lower() in _NO_SECRETS:
        return ""
    is_public = _inside(place)[: len(_PUBLIC)] == _PUBLIC
    for what, pattern in contents():
        if pattern.search(text) and not (is_public and what in _IN_PUBLIC):
            return what
    key = place[-1] if place else ""
    if not isinstance(key, str) or is_public:
        return ""
    if fold(key).endswith("connectionstring") and "instrumentationkey=" in text.lower():
        return ""  # the browser of every visitor has it
    if is_surely_secret_field(key) or is_surely_secret_variable(key):
        return "a secret"
    return ""


def _variable(item: Mapping[Any, Any], place: Place) -> Iterator[tuple[Place, str]]:
    """Yield the value of an environment variable as Kubernetes writes it: `name: …` and `value: …`."""
    name, value = item.get("name"), item.get("value")
    if (
        not isinstance(name, str)
        or not is_surely_secret_variable(name)
        or value in (None, "")
        or isinstance(value, bool)
    ):
        return
    if isinstance(value, str | int | float) and not _REFERENCE.fullmatch(str(value)):
        yield (*place, "value"), "a secret"


def belongs(form: Form, place: Place) -> str:
    """Say in which Secret a value belongs.

    An environment variable must have the very name of a key; elsewhere it is the key with most words in common.
    """
    name = str(at(form.document.data, *place[:-1], "name") if place[-1] == "value" else place[-1])
    kind = at(form.document.data, *place[:-1], "type")  # a connector of Dex has a key of its own type
    words = {word.upper() for part in (*place, kind) for word in _WORD.findall(str(part))}
    best, most = "", 1
    for component in _components(form, place):
        for secret in component.secrets:
            for key in secret.keys:
                common = len(words.intersection(key.name.upper().replace("-", "_").split("_")))
                fits = key.name == name if name.isupper() else common > most
                if fits and not key.same_as:
                    best, most = f"the key {key.name} of the Secret {secret.name}", common
    if not best and name.isupper():
        best = "a Secret of the cluster, from which 'envVars' takes it with valueFrom"
    return f"it belongs in {best or 'a Secret of the cluster'}"


def _components(form: Form, place: Place) -> list[Component]:
    """Return the component whose overrides a place is in; else all of them."""
    inner = _inside(place)
    if inner[:1] == ("overrides",) and len(inner) > 1 and inner[1] in form.charts.components:
        return [form.charts.components[str(inner[1])]]
    return list(form.charts.components.values())


def _inside(place: Place) -> Place:
    return place[2:] if place[:1] == ("environments",) else place
