"""What was answered to the questions of a new form: a file, `--set` on the command line, or a person.

Together they are one document, later ones going first. Its text is the file with a line for each further answer
below it, so that every problem of the whole still points at the file, the `--set` or the answer it came from.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import Problem, ProblemsError, Severity
from signalen_toolkit.diagnostics.source import Source, dotted
from signalen_toolkit.documents.data import at, merge
from signalen_toolkit.documents.nodes import Node
from signalen_toolkit.documents.reader import Document
from signalen_toolkit.form.config import Config
from signalen_toolkit.form.derive import municipality_of
from signalen_toolkit.form.schema import form_schema, resolve, settings
from signalen_toolkit.repository import set_option
from signalen_toolkit.repository.set_option import SET, Place, schema_at, shifted
from signalen_toolkit.validation.check import check

# The environment that a question is about where none was named: the first in which Signalen is tried out.
FIRST_ENVIRONMENT: Final = "acceptance"
_LONGEST: Final = 52  # characters of a namespace, beside which there may be one with -monitoring behind its name


@dataclass(frozen=True, slots=True)
class Question:
    """A setting that has no default and cannot be derived; `example` is how such an answer looks."""

    place: Place
    schema: Mapping[str, Any]

    @property
    def example(self) -> Any:
        """An answer to show."""
        return self.schema["examples"][0]


@dataclass(frozen=True)
class Answers:
    """All answers so far. `further` says of each line below the file's own where it came from."""

    document: Document
    own_lines: int = 0
    further: tuple[tuple[str, int], ...] = ()

    @property
    def data(self) -> Mapping[str, Any]:
        """The answers as an incomplete form."""
        return self.document.data or {}

    def check(self, folder: Path) -> tuple[Config, list[Problem]]:
        """Check the form that these answers make, with the schema and rules of every form."""
        source = replace(self.document, data=completed(self.data))
        found, problems = check(source, catalog(), folder)
        return found, [self._located(problem) for problem in problems]

    def answered(self, place: Place, value: Any, written: str, origin: tuple[str, int]) -> Answers:
        """Return the answers with one more; `written` is how its line reads, `<key>=<value>`."""
        return self._with(place, set_option.plain(value, written), written, origin)

    def with_toolkit(self, section: Mapping[str, Any]) -> Answers:
        """Return the answers with what the toolkit is installed from, where they do not say it themselves."""
        if not section or at(self.data, "toolkit") is not None:
            return self
        return replace(self, document=replace(self.document, data={**self.data, "toolkit": dict(section)}))

    def unanswered(self) -> list[Question]:
        """List the questions without an answer, in their order."""
        return [question for question in questions(self.data) if not _is_answered(self.data, question.place)]

    def with_setting(self, setting: str, number: int) -> Answers:
        """Return the answers with one `--set KEY=VALUE` more, `number` its place among them."""
        place, node = set_option.parse(setting, number)
        return self._with(place, node, setting, (SET, number))

    def _with(self, place: Place, node: Node, written: str, origin: tuple[str, int]) -> Answers:
        before = self.document.text
        text = before if before.endswith("\n") or not before else before + "\n"
        offset = len(text)
        root = _put(self.document.root, place, (offset, offset + len(dotted(place))), shifted(node, offset))
        count = len(Source("", written).lines)
        merged = replace(self.document, text=f"{text}{written}\n", data=root.data, root=root)
        own = self.own_lines if self.further else len(Source("", text).lines) - 1
        return Answers(merged, own, (*self.further, *[origin] * count))

    def _located(self, problem: Problem) -> Problem:
        number = problem.line - self.own_lines - 1
        if not self.further or number < 0:
            return problem
        file, line = self.further[min(number, len(self.further) - 1)]
        return replace(problem, file=file, line=line)


class GaveUpError(KeyboardInterrupt):
    """A person stopped while being asked; `answers` are those so far."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self.answers = answers


def read(file: Document | None, given: Sequence[str]) -> Answers:
    """Read an answers file and the `--set` options after it.

    Raises ProblemsError for what cannot be read, UsageError for a `--set` without a key.
    """
    if file is not None and file.data is None:
        raise ProblemsError(file.problems)
    answers = Answers(file or Document(SET, "", {}))
    for number, setting in enumerate(given, 1):
        answers = answers.with_setting(setting, number)
    return answers


def questions(form: Mapping[str, Any]) -> list[Question]:
    """List the questions that make a form, in their order; those about an environment once for each."""
    asked = [(path, node) for path, node in settings() if "x-question" in node]
    asked.sort(key=lambda found: found[1]["x-question"])
    given = form.get("environments")
    names = [str(name) for name in given] if isinstance(given, Mapping) and given else [FIRST_ENVIRONMENT]
    return [
        Question(tuple(name if part == "*" else part for part in path), node)
        for path, node in asked
        for name in (names if "*" in path else names[:1])
    ]


def completed(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form with what it states although it has a default: its own version, the release, the delivery, names.

    What a repository runs on must not change because somebody upgrades the toolkit. And several municipalities may
    have one cluster or one vault, so what is shared there gets the name of this one; an older repository keeps what it
    has.
    """
    whole = merge(form, {})
    properties = form_schema()["properties"]
    whole.setdefault("apiVersion", properties["apiVersion"]["const"])
    whole.setdefault("delivery", resolve(properties["delivery"])["default"])
    environments = whole.get("environments")
    if "version" not in whole and isinstance(environments, dict):
        for environment in environments.values():
            if isinstance(environment, dict):
                environment.setdefault("version", catalog().releases[0])
    for name, environment in environments.items() if isinstance(environments, dict) else ():
        if isinstance(environment, dict):
            _give_names(merge(whole, environment), str(name), environment)
    return whole


def _give_names(settings: Mapping[str, Any], name: str, environment: dict[str, Any]) -> None:
    """Give an environment a namespace, and a beginning for its names in a vault, unless these were answered."""
    section = settings.get("municipality")
    found = municipality_of(section) if isinstance(section, Mapping) else None
    if found is None or at(settings, "cluster", "namespace") is not None:
        return
    names = [f"signalen-{what}-{name}" for what in (found.slug, found.code.lower())]
    fitting = [one for one in names if len(one) <= _LONGEST]
    if not fitting or not isinstance(environment.get("cluster", {}), dict):
        return
    environment["cluster"] = {**environment.get("cluster", {}), "namespace": fitting[0]}
    vault = at(settings, "secrets", "provider") == "external-secrets"
    if vault and at(settings, "secrets", "externalSecrets", "prefix") is None:
        environment.update(merge(environment, {"secrets": {"externalSecrets": {"prefix": fitting[0]}}}))


def unanswered_problems(missing: Iterable[Question], file: str) -> list[Problem]:
    """Report each question without an answer, with the `--set` that answers it."""
    return [
        Problem(
            rule="missing-key",
            message=f"'{dotted(question.place)}' has no answer: {_lower(question.schema['description'])}",
            file=file,
            place=question.place,
            hint=f"add {SET} {dotted(question.place)}={shlex.quote(str(question.example))}",
        )
        for question in missing
    ]


def wrong(problems: Iterable[Problem], missing: Sequence[Question]) -> list[Problem]:
    """Return the errors that do not come from a question still being open."""
    open_ = [question.place for question in missing]

    def follows(problem: Problem, place: Place) -> bool:
        is_around = problem.rule == "missing-key" and place[: len(problem.place)] == problem.place
        return is_around or problem.place == place

    return [
        problem
        for problem in problems
        if problem.severity is Severity.ERROR and not any(follows(problem, place) for place in open_)
    ]


def _put(node: Node | None, place: Place, key: tuple[int, int], value: Node) -> Node:
    """Return a map with a value at a place; other maps may share the old one (aliases), so it is not changed."""
    if not place:
        return value
    base = node if node is not None and isinstance(node.data, dict) else Node(*key, "block", {})
    child = _put(base.children.get(place[0]), place[1:], key, value)
    return replace(
        base,
        data={**base.data, place[0]: child.data},
        children={**base.children, place[0]: child},
        keys={**base.keys, place[0]: key if len(place) == 1 else base.keys.get(place[0], key)},
    )


def _is_answered(form: Mapping[str, Any], place: Place) -> bool:
    ways = [(*place[:-1], key) for key in _alternatives(place)]
    if any(at(form, *way) is not None for way in ways):
        return True
    environments = form.get("environments")
    if place[0] == "environments" or not isinstance(environments, Mapping) or not environments:
        return is_derived(form, place)
    return all(
        at(environment, *place) is not None or is_derived(merge(form, environment or {}), place)
        for environment in environments.values()
        if isinstance(environment, Mapping | None)
    )


def is_derived(settings: Mapping[str, Any], place: Place) -> bool:
    """Tell whether a setting follows from others: with a Dex of its own, an environment knows where to sign in."""
    return place[0] == "identity" and at(settings, "components", "dex", "enabled") is True


def _alternatives(place: Place) -> Iterator[str]:
    """Yield the key itself, and the keys beside it that do instead: a municipality has a code or a name."""
    yield place[-1]
    options = [option.get("required", []) for option in (schema_at(place[:-1]) or {}).get("anyOf", ())]
    if [place[-1]] in options:
        yield from (option[0] for option in options if len(option) == 1)


def _lower(sentence: str) -> str:
    """Make a sentence of the schema the tail of a message."""
    words = sentence.rstrip(".")
    return words[0].lower() + words[1:] if words[1:2].islower() else words
