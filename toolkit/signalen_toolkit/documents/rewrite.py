"""Brings the text of a form to say other data, and changes no more of it than that takes.

The difference of what it says and what it is to say is made with `documents.edit` and `documents.arrange`: comments,
order, quotes and line endings of all the rest stay to the byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.diagnostics.problems import ProblemsError
from signalen_toolkit.documents import arrange, edit, reader
from signalen_toolkit.documents.data import at

Place = tuple[str | int, ...]


class _Nothing:
    """Stands for a value that is not there."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True)
class DataChange:
    """A value that is another one, comes or goes. A list is one value; of a map, each key below it."""

    path: Place
    old: Any
    new: Any


def difference(old: Any, new: Any, path: Place = ()) -> Iterator[DataChange]:
    """Yield what is to change in old data for it to be the new; what goes before what comes."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key, value in old.items():
            if key not in new:
                yield DataChange((*path, key), value, NOTHING)
        for key, value in new.items():
            if key in old:
                yield from difference(old[key], value, (*path, key))
            else:
                yield from _added(value, (*path, key))
    elif repr(old) != repr(new):  # 1, 1.0 and true are three values
        yield DataChange(path, old, new)


def _added(value: Any, path: Place) -> Iterator[DataChange]:
    if isinstance(value, Mapping) and value:
        for key, child in value.items():
            yield from _added(child, (*path, key))
    else:
        yield DataChange(path, NOTHING, value)


def rewritten(text: str, data: Mapping[str, Any], file: str = FORM_FILE, *, ordered: Iterable[Place] = ()) -> str:
    """Return the text of a form changed to say these data; at the paths in `ordered`, with the keys in their order.

    Raises ProblemsError where the text cannot be read, or a change cannot be made without changing something else.
    """
    document = reader.parse(text, file)
    if document.data is None or document.problems:
        raise ProblemsError(document.problems)
    for change in difference(document.data, data):
        if change.new is NOTHING:
            text = edit.remove(text, [change.path], file)
        elif isinstance(change.old, list) and isinstance(change.new, list) and change.old and change.new:
            text = _with_list(text, change, file)
        else:
            text = edit.set_values(text, {change.path: change.new}, file)
    for path in ordered:
        if isinstance(wanted := at(data, *path), Mapping) and wanted:
            text = arrange.with_order(text, path, list(wanted), file)
    return text


def _with_list(text: str, change: DataChange, file: str) -> str:
    """Keep of a list what stays: an item as it is written, or the keys in it that are the same."""
    sources = _sources(change.old, change.new)
    try:
        if sources != list(range(len(change.old))):
            text = arrange.with_items(text, change.path, sources, change.new, file)
        kept = [
            change.old[source] if source is not None else item for source, item in zip(sources, change.new, strict=True)
        ]
        for index, (before, after) in enumerate(zip(kept, change.new, strict=True)):
            for inner in difference(before, after, (*change.path, index)):
                if inner.new is NOTHING:
                    text = edit.remove(text, [inner.path], file)
                else:
                    text = edit.set_values(text, {inner.path: inner.new}, file)
    except ProblemsError:  # in one line, or in another way that is not cut in parts: then it is written anew
        return edit.set_values(text, {change.path: change.new}, file)
    return text


def _sources(old: Sequence[Any], new: Sequence[Any]) -> list[int | None]:
    """Say of each new item which of the old ones it is: the same, else the one that it is most like."""
    free = dict(enumerate(map(repr, old)))
    found: list[int | None] = []
    for item in new:
        same = next((index for index, text in free.items() if text == repr(item)), None)
        found.append(same)
        free.pop(-1 if same is None else same, None)
    for index, item in enumerate(new):
        like = {one: _alike(old[one], item) + (one == index) / 2 for one in free}
        if (
            found[index] is None
            and (best := max(like, key=lambda one: like[one], default=None)) is not None
            and like[best]
        ):
            found[index] = best
            free.pop(best)
    return found


def _alike(old: Any, new: Any) -> int:
    """Count the keys that two items have with the same value."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return 0
    return sum(repr(old[key]) == repr(value) for key, value in new.items() if key in old)
