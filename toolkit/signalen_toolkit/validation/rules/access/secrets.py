"""Secrets in plain text: what stands in a form stands in Git, for everybody who can read it, for ever."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from signalen_toolkit.catalog.model import Component
from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents.data import Place, at
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

_MASK: Final = "•"
_KEYS: Final = frozenset(
    {
        "accesskey",
        "accesskeyid",
        "accountkey",
        "apikey",
        "authtoken",
        "basicauth",
        "bindpw",
        "clientsecret",
        "connectionstring",
        "erlangcookie",
        "passphrase",
        "passwd",
        "privatekey",
        "secretaccesskey",
        "secretkey",
        "sharedkey",
        "token",
    }
)
_VARIABLE = re.compile(r"(?:[A-Z0-9]+_)*(?:PASSWORD|PASSWD|SECRET|TOKEN|KEY|BASIC_AUTH|CONNECTION_STRING|DSN)")
_REFERENCE = re.compile(r"\$\([A-Za-z_][A-Za-z0-9_]*\)")  # Kubernetes fills in another variable
_CONTENTS: Final = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----"), "a private key"),
    (re.compile(r"\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)=[^;\s]+", re.IGNORECASE), "a key of Azure"),
    (re.compile(r"[?&]sig=[A-Za-z0-9%+/=]{20,}"), "a signature of Azure"),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "a key of AWS"),
    (re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"), "a token"),
    (re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{16,})"), "a token of a Git server"),
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@]*:(?!\$\()[^/\s@]+@", re.IGNORECASE), "a password in an address"),
    (re.compile(r"\bhttps://(?:hooks\.slack\.com|[\w.-]+\.webhook\.office\.com)/\S+"), "the webhook of a channel"),
    (re.compile(r"\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}"), "the hash of a password"),
    (re.compile(r";\s*(?:Password|Pwd)\s*=\s*[^;\s]+", re.IGNORECASE), "a password"),
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_NO_SECRETS: Final = frozenset({"true", "false", "null", "none"})
# Where the configuration of the site stands, within a form: every browser gets it, so that nothing in it is a secret.
_PUBLIC: Final = ("overrides", "frontend", "config")
_IN_PUBLIC: Final = frozenset({"a token"})  # such as the one with which the map of Amsterdam is asked for
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
    problems = []
    for place, what in found:
        name = f"'{dotted(place)}'"
        hint = f"remove it, and change the secret; {belongs(form, place)}"
        problems.append(form.document.problem("plain-secret", f"{name} holds {what} in plain text", place, hint=hint))
    yield from hide(form.document, problems)


def hide(document: Document, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Put dots in place of every secret in the lines and the messages of problems.

    Other rules report on the same lines, and what they print ends up in the log of a pipeline.
    """
    spans: dict[int, list[tuple[int, int]]] = {}
    words: set[str] = set()
    for place, _ in _secrets(document.data, ()):
        shown = document.position(place)
        node = document.node(place)
        if node is None or node.style not in ("plain", "quoted"):
            continue  # a text of more lines shows as its key
        spans.setdefault(shown.line, []).append((shown.column - 1, shown.end_column - 1))
        if len(text := str(node.data)) >= 4:
            words.add(text)
    for problem in problems:
        source, message, hint = problem.source, problem.message, problem.hint
        for start, end in spans.get(problem.line, ()):
            source = source[:start] + _MASK * (end - start) + source[end:]
        for word in words:
            message, hint = message.replace(word, _MASK * 8), hint.replace(word, _MASK * 8)
        yield replace(problem, source=source, message=message, hint=hint)


def _secrets(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Yield the place of every secret, and what it is."""
    if isinstance(value, Mapping):
        yield from _variable(value, place)
        for key, child in value.items():
            if _folded(key) not in _NAMES:
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
    for pattern, what in _CONTENTS:
        if pattern.search(text) and not (is_public and what in _IN_PUBLIC):
            return what
    key = place[-1] if place else ""
    if not isinstance(key, str) or is_public:
        return ""
    folded = _folded(key)
    if folded.endswith("connectionstring") and "instrumentationkey=" in text.lower():
        return ""  # the browser of every visitor has it
    if folded in _KEYS or folded.endswith("password") or _is_variable(key):
        return "a secret"
    return ""


def _variable(item: Mapping[Any, Any], place: Place) -> Iterator[tuple[Place, str]]:
    """Yield the value of an environment variable as Kubernetes writes it: `name: …` and `value: …`."""
    name, value = item.get("name"), item.get("value")
    if not isinstance(name, str) or not _is_variable(name) or value in (None, "") or isinstance(value, bool):
        return
    if isinstance(value, str | int | float) and not _REFERENCE.fullmatch(str(value)):
        yield (*place, "value"), "a secret"


def _is_variable(name: str) -> bool:
    return _VARIABLE.fullmatch(name) is not None and not name.endswith("PUBLIC_KEY")


def _folded(key: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(key).lower())


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
