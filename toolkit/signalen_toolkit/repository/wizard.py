"""The questions of `signalen new` to a person: in Dutch, for the administrator, with the English name beside it.

What is asked, in which order and with which explanation, is the schema's. An answer is checked as soon as it is
given, by the same rules as the form it will stand in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import wrap

import questionary
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document as Typed

from signalen_toolkit.base.environment import variables
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.characters import ordinary
from signalen_toolkit.diagnostics.source import dotted
from signalen_toolkit.documents.data import at
from signalen_toolkit.documents.scalars import inline
from signalen_toolkit.form import municipalities
from signalen_toolkit.form.derive import municipality_of
from signalen_toolkit.form.schema import form_schema, resolve
from signalen_toolkit.language.choice import chosen, translator
from signalen_toolkit.repository import answers as answering
from signalen_toolkit.repository.answers import Answers, GaveUpError, Question

_ORIGIN = "answer"
_WIDTH = 76
# The first is what municipalities have and what works everywhere.
_SIGN_IN = ("Dex vóór Entra ID", "Keycloak, een andere Dex, of Entra ID zelf")
_ISSUER = ("identity", "issuer")
_MUNICIPALITY = ("municipality", "code")


def ask(given: Answers, images: Path) -> Answers:
    """Ask every question without an answer. Raises GaveUpError with the answers so far where a person gives up."""
    try:
        for number, question in enumerate(given.unanswered(), 1):
            if question.place == _ISSUER and at(given.data, "components", "dex", "enabled") is None:
                given = _ask_dex(given)
            if question.place in [one.place for one in given.unanswered()]:  # with a Dex, sign-in is answered
                given = _ask_one(given, question, number, images)
    except KeyboardInterrupt:
        raise GaveUpError(given) from None
    return given


def _ask_dex(given: Answers) -> Answers:
    """Propose Dex in front of Entra ID, and ask what it needs: an issuer is asked of whoever wants another sign-in."""
    title = "Hoe melden medewerkers zich aan? (sign-in)"
    explanation = "Alleen met Dex komen beheerders bij Entra ID ook in de beheerpagina's."
    if not questionary.select(title, list(_SIGN_IN), instruction=explanation).unsafe_ask().startswith("Dex"):
        return given
    schema = resolve(form_schema()["$defs"]["dex"]["properties"]["connectors"]["items"])["properties"]
    connector = {"type": "microsoft", "name": "Entra ID"}
    for key in ("tenant", "clientId"):
        node = schema[key]
        connector[key] = (
            questionary.text(
                f"{node['x-title-nl']} ({node['title'].lower()})",
                instruction=f"\n  {node['x-description-nl']}\n  Bijvoorbeeld: {node['examples'][0]}\n >",
                validate=lambda text, node=node: (
                    re.search(node["pattern"], text.strip()) is not None or f"write {node['x-pattern-message']}"
                ),
                validate_while_typing=False,
            )
            .unsafe_ask()
            .strip()
        )
    given = given.with_setting("components.dex.enabled=true", 1)
    return given.with_setting(f"dex.connectors={inline([connector])}", 2)


def _ask_one(given: Answers, question: Question, number: int, images: Path) -> Answers:
    def answered(text: str) -> Answers:
        value = _value(question, ordinary(text).strip())  # what is pasted from a page has other spaces
        line = f"{dotted(question.place)}={' '.join(value.split())}"
        return given.answered(question.place, value, line, (_ORIGIN, number))

    def verdict(text: str) -> bool | str:
        return _fault(question, text, answered, images, number) or True

    title, explanation = _wording(question)
    default = _default(question, given)
    if choices := question.schema.get("enum"):
        prompt = questionary.select(title, choices, default=default or None, instruction=explanation)
    else:
        prompt = questionary.text(
            title,
            default=default,
            instruction=f"\n  {explanation}\n >",
            validate=verdict,
            validate_while_typing=False,
            completer=_RegisterCompleter() if question.place == _MUNICIPALITY else None,
            complete_while_typing=True,
        )
    return answered(prompt.unsafe_ask())


def _fault(question: Question, text: str, answered: Callable[[str], Answers], images: Path, number: int) -> str:
    """Say what is wrong with an answer as `check` would say it of the form, or nothing."""
    text = text.strip()
    words = translator(chosen(variables()))
    if question.place == _MUNICIPALITY and len(municipalities.meant_by(text)) != 1:
        return "; ".join(map(words, municipalities.not_found(text) if text else ("write a name or a CBS code",)))
    given = answered(text)
    for problem in answering.wrong(given.check(images)[1], given.unanswered()):
        if (problem.file, problem.line) == (_ORIGIN, number):
            return f"{words(problem.message)}; {words(problem.hint)}".removesuffix("; ")
    return ""


def _value(question: Question, text: str) -> str:
    if question.place != _MUNICIPALITY:
        return text
    found = municipalities.meant_by(text)
    return found[0].code if len(found) == 1 else text


def _wording(question: Question) -> tuple[str, str]:
    """Return the title, and the explanation with an example, of a question."""
    schema = question.schema
    if question.place == _MUNICIPALITY:
        schema = resolve(form_schema()["properties"]["municipality"])  # a name is an answer as well
    english = schema["title"]
    if not english[1:2].isupper():  # CBS stays as it is
        english = english[0].lower() + english[1:]
    where = f", {question.place[1]}" if question.place[0] == "environments" else ""
    explanation = "\n  ".join(wrap(schema["x-description-nl"], _WIDTH))  # a terminal cuts longer lines off
    if "enum" not in schema:
        explanation += f"\n  Bijvoorbeeld: {question.example}"
    return f"{schema['x-title-nl']} ({english}{where})", explanation


def _default(question: Question, given: Answers) -> str:
    """Return what a question proposes: the schema's default, the newest release, the host's own domain."""
    if "default" in question.schema:
        return str(question.schema["default"])
    if question.place[-1] == "version":
        return catalog().releases[0]
    if question.place == ("environments", answering.FIRST_ENVIRONMENT, "domain"):
        municipality = municipality_of(given.data.get("municipality", {}))
        return f"{municipality.slug}.signalen.dev" if municipality else ""
    return ""


class _RegisterCompleter(Completer):
    """Completes a municipality from a part of its name, another name of it, its code or a misspelling."""

    def get_completions(self, document: Typed, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        """Yield the municipalities that fit what was typed, best first."""
        typed = document.text_before_cursor
        if typed.strip():
            for found in municipalities.search(typed, 12):
                yield Completion(found.label, start_position=-len(typed))
