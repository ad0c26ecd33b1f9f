"""The steps of the first day as Markdown, for a README, and as text, for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from signalen_toolkit.diagnostics.markdown import code, prose
from signalen_toolkit.diagnostics.terminal import plain
from signalen_toolkit.first_day.steps import Step

_UNSEEN: Final = "·"  # only a person can tell


def markdown(steps: Sequence[Step]) -> str:
    """Return the steps as a numbered list in Markdown."""
    return "\n".join(line for number, step in enumerate(steps, 1) for line in _markdown(number, step))


def _markdown(number: int, step: Step) -> Iterator[str]:
    indent = " " * (len(str(number)) + 2)
    yield f"{number}. **{step.title}.** {step.text}"
    if step.facts:
        yield ""
        yield from (f"{indent}- {_addressed(fact)}" for fact in step.facts)
    if step.commands:
        yield from _block(step.commands, indent)
    if step.proof:
        yield ""
        yield f"{indent}{step.proof}"
        if step.proof_command:
            yield from _block((step.proof_command,), indent)
    yield ""


def _addressed(fact: str) -> str:
    """Write what a fact names as code: words in a list after its colon, or all of it where it is a single word."""
    before, colon, after = fact.rpartition(": ")
    named = after.split(", ")
    if any(" " in one for one in named):
        return prose(fact)
    return f"{prose(before)}{colon}{', '.join(map(code, named))}"


def _block(commands: Sequence[str], indent: str) -> Iterator[str]:
    yield ""
    yield f"{indent}```sh"
    yield from (f"{indent}{command}" for command in commands)
    yield f"{indent}```"


def text(environment: str, steps: Sequence[Step], mark: Callable[[Step], str] | None = None) -> str:
    """Return the steps as text; `mark` gives the sign before each, where a cluster was looked at."""
    return "\n".join(line for line in _text(environment, steps, mark)).rstrip("\n")


def _text(environment: str, steps: Sequence[Step], mark: Callable[[Step], str] | None) -> Iterator[str]:
    yield plain(f"De eerste dag van {environment}")
    for number, step in enumerate(steps, 1):
        sign = f"{mark(step) or _UNSEEN} " if mark else ""
        yield ""
        yield plain(f"{sign}{number}. {step.title}")
        yield plain(f"   {step.text}")
        yield from (plain(f"   - {fact}") for fact in step.facts)
        yield from (plain(f"     $ {command}") for command in step.commands)
        if step.proof:
            yield plain(f"   {step.proof}")
        if step.proof_command:
            yield plain(f"     $ {step.proof_command}")
