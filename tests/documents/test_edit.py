"""A change in the text of a form changes that, and not one character of anything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.diagnostics.characters import CONTROL
from signalen_toolkit.diagnostics.problems import ProblemsError
from signalen_toolkit.documents import edit
from signalen_toolkit.documents.reader import parse

FORM = """\
# a form
municipality: {code: GM0796}   # 's-Hertogenbosch
contact:
  phone: '073 615 51 55'  # the desk
  email: "a@b.nl"
  # openingHours: later

delivery: flux
overrides:
  # backend: {}
environments:
    acceptance:
        domain: a.nl
        version: 4.22.0  # since May
    # production: soon
# the end
"""

CHANGES: list[tuple[tuple[str | int, ...], Any, str, str]] = [
    (("contact", "phone"), "'s 14", "'073 615 51 55'", "'''s 14'"),
    (("contact", "email"), 'x"y', '"a@b.nl"', '"x\\"y"'),
    (("delivery",), "argocd", "flux", "argocd"),
    (("delivery",), "no", "flux", '"no"'),
    (("delivery",), "a: b", "flux", '"a: b"'),
    (("environments", "acceptance", "version"), "4.23.0", "4.22.0", "4.23.0"),
    (("municipality", "name"), "Den Bosch", "GM0796}", 'GM0796, name: "Den Bosch"}'),
    (("contact", "openingHours"), "x", '"a@b.nl"\n', '"a@b.nl"\n  openingHours: x\n'),
    (
        ("overrides", "backend", "image"),
        {"tag": "x"},
        "overrides:\n",
        "overrides:\n    backend:\n        image:\n            tag: x\n".replace("    ", "  "),
    ),
    (
        ("environments", "acceptance", "features", "publicMap"),
        True,
        "# since May\n",
        "# since May\n        features:\n            publicMap: true\n",
    ),
    (
        ("environments", "production", "domain"),
        "b.nl",
        "# since May\n",
        "# since May\n    production:\n        domain: b.nl\n",
    ),
    # A comment further to the right belongs to what stands above it.
    (("branding", "title"), "T", "# production: soon\n", "# production: soon\nbranding:\n  title: T\n"),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("path", "value", "old", "new"), CHANGES)
def test_a_change_is_made_in_place(path: tuple[str | int, ...], value: Any, old: str, new: str, newline: str) -> None:
    before = FORM.replace("\n", newline)
    # A new map is indented as those around it are: by two at the top of this form, by four in its environments.
    after = FORM.replace(old, new, 1).replace("\n", newline)
    assert edit.set_values(before, {path: value}) == after
    assert edit.set_values(after, {path: value}) == after


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a:\n", ("a",), 1, "a: 1\n"),
        ("a:  # why\nb: 2", ("a",), 1, "a: 1  # why\nb: 2"),
        ("a: 1", ("b",), [1, "x"], "a: 1\nb: [1, x]"),
        ("a: {}\n", ("a", "b", "c"), 1, "a: {b: {c: 1}}\n"),
        ("a: ~\n", ("a", "b"), 1, "a: {b: 1}\n"),
        ("a: {b: , }\n", ("a", "c"), 1, "a: {b: , c: 1 , }\n"),
        ("{a: {b: }}\n", ("a", "b", "c"), 1, "{a: {b: {c: 1} }}\n"),
        ('{\n  "a": "x"\n}\n', ("b",), 1, '{\n  "a": "x",\n  "b": 1\n}\n'),
        ("a: |\n  x\n  y\n\n# c\nb: 1\n", ("a",), "z", "a: z\n\n# c\nb: 1\n"),
        ("a:\n  - 1\n  - 2\n# c\nb: 1\n", ("a",), [3], "a: [3]\n# c\nb: 1\n"),
        ("a:\n  - 1\n  - 2  # two\n", ("a", 1), 3, "a:\n  - 1\n  - 3  # two\n"),
        ("a:\n  - b: 1\n", ("a", 0, "c"), 3, "a:\n  - b: 1\n    c: 3\n"),
        ("x: &x {k: 1}\na:\n  <<: *x\n  b: 1\n", ("a", "k"), 2, "x: &x {k: 1}\na:\n  <<: *x\n  b: 1\n  k: 2\n"),
        ("\ufeffa: 1\n", ("a",), 2, "\ufeffa: 2\n"),
        ("a: 1\n...\n", ("b",), 2, "a: 1\nb: 2\n...\n"),
        ("a: x\n  y\nb: 1\n", ("a",), "z", "a: z\nb: 1\n"),
        ("a: 1\n", ("a",), True, "a: true\n"),
        ("a: 1\n", ("a",), 1, "a: 1\n"),
        ("a: '1'\n", ("a",), "1", "a: '1'\n"),
        ("a: '1'\n", ("a",), 1, "a: 1\n"),
        ("a: 'x'\n", ("a",), "x\ny", 'a: "x\\ny"\n'),
    ],
)
def test_other_shapes(before: str, path: tuple[str | int, ...], value: Any, after: str) -> None:
    assert edit.set_values(before, {path: value}) == after


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        ("x: &x {k: 1}\na: *x\n", ("a", "k"), "repeated from elsewhere by an alias"),
        ("x: &x {k: 1}\na: *x\n", ("a", "n"), "repeated from elsewhere by an alias"),
        ("x: &x {k: 1}\na: *x\n", ("x", "k"), "without changing something else"),
        ("x: &x {m: {k: 1, l: 2}}\na:\n  <<: *x\n  b: 1\n", ("a", "m", "k"), "without changing something else"),
        ("a: 1\n", ("a", "b"), "not a map"),
        ("a: [1]\n", ("a", 1), "not added or removed"),
        ("a: [1]\n", ("a", "b"), "not added or removed"),
        ("? a\n: 1\n", ("a", "b"), "not a map"),
        ("a: !!str 1\n", ("a",), "without changing something else"),
    ],
)
def test_what_is_not_safe_is_refused(text: str, path: tuple[str | int, ...], reason: str) -> None:
    with pytest.raises(ProblemsError, match=reason) as raised:
        edit.set_values(text, {path: 5})
    (problem,) = raised.value.problems
    assert (problem.rule, problem.hint) == ("cannot-edit", "change it by hand")


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n", "a: 1\na: 2\n"])
def test_what_cannot_be_read_is_a_problem(text: str) -> None:
    with pytest.raises(ProblemsError):
        edit.set_values(text, {("a",): 1})


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("a: 1  # one\n# c\nb: 2\n", ("a",), "# c\nb: 2\n"),
        ("a: 1\nb:\n  c: 1\n  # d\n  e: 1  # e\n# f", ("b", "e"), "a: 1\nb:\n  c: 1\n  # d\n# f"),
        ("a: 1\nb:\n  c: 1\n# d\n", ("b", "c"), "a: 1\nb: {}\n# d\n"),
        ("a: {b: 1, c: 2}\n", ("a", "b"), "a: {c: 2}\n"),
        ("a: {b: 1, c: 2}\n", ("a", "c"), "a: {b: 1}\n"),
        ("a: {b: 1}\n", ("a", "b"), "a: {}\n"),
        ("a: 1\n", ("b", "c"), "a: 1\n"),
        ("a: [1]\n", ("a", 4, "c"), "a: [1]\n"),
    ],
)
def test_a_key_is_removed_with_its_line(before: str, path: tuple[str | int, ...], after: str) -> None:
    assert edit.remove(before, [path]) == after
    assert edit.remove(after, [path]) == after


def test_what_cannot_be_removed_is_refused() -> None:
    for text, path in (("a: [1]\n", ("a", 0)), ("a:\n  - b: 1\n    c: 2\n", ("a", 0, "b")), ("a: 1\n", ("a",))):
        with pytest.raises(ProblemsError, match="was not changed"):
            edit.remove(text, [path])


# Any form, in any style

_keys = st.sampled_from(["a", "b", "domain", "no", "a b", "x-y", "0363", "#k", "'q"])
_characters = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]).filter(
    lambda character: not CONTROL.match(character)  # which no form may hold, in whatever way it is written
)
_texts = st.text(_characters, max_size=12) | st.sampled_from(
    ["4.23.0", "no", "0363", "a: b", "x # y", "- z", "", " ", "two\nlines\n", "{{ x }}", "'", '"', "é"]
)
_scalars = st.none() | st.booleans() | st.integers(-99, 9**9) | st.floats(-1e6, 1e6, allow_nan=False) | _texts
_data = st.recursive(
    _scalars,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(_keys, below, max_size=4),
    max_leaves=12,
)
_forms = st.dictionaries(_keys, _data, min_size=1, max_size=5)


class Writer:
    """Writes data as YAML in a style that is drawn, value by value."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.wide = self.choose(2, 4)

    def choose(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def document(self, data: Mapping[str, Any]) -> str:
        lines = [*self.choose((), ("# top", ""), ("---",))]
        lines += self.map(data, 0)
        lines += self.choose((), ("# the end",), ("", "  # far"))
        text: str = self.choose("\n", "\r\n").join(lines)
        newline = "\r\n" if "\r\n" in text else "\n"
        # A block text at the very end needs the line break.
        return text + (self.choose("", newline) if parse(text, "f").data == data else newline)

    def map(self, data: Mapping[str, Any], indent: int) -> list[str]:
        lines: list[str] = []
        for key, value in data.items():
            lines += [" " * indent + "# about"] if self.choose(False, True) else []
            lines += self.entry(" " * indent + self.scalar(key, key=True) + ":", value, indent)
        return lines

    def entry(self, start: str, value: Any, indent: int) -> list[str]:
        note = self.choose("", "", "  # note")
        if isinstance(value, dict) and value and self.choose(True, True, False):
            return [start + note, *self.map(value, indent + self.wide)]
        if isinstance(value, list) and value and self.choose(True, True, False):
            lines = [start + note]
            for item in value:
                lines += self.entry(" " * (indent + 2) + "-", item, indent + 2)
            return lines
        if isinstance(value, str) and value.endswith("lines\n") and self.choose(True, False):
            return [
                start + " |" + note,
                *(" " * (indent + 3) + line for line in value.splitlines()),
                *self.choose((), ("",)),
            ]
        if value is None and self.choose(True, False):
            return [start + note]
        return [f"{start} {self.flow(value)}{note}"]

    def flow(self, value: Any) -> str:
        if isinstance(value, dict):
            inside = ", ".join(f"{self.scalar(key, key=True)}: {self.flow(child)}" for key, child in value.items())
            return "{" + inside + "}" if not self.choose(0, 1) else "{ " + inside + " }"
        if isinstance(value, list):
            return "[" + ", ".join(map(self.flow, value)) + "]"
        return self.scalar(value)

    def scalar(self, value: Any, *, key: bool = False) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        styles = ["double"]
        if value.isprintable():
            styles.append("single")
            if value.replace(".", "").replace("-", "").isalnum() and parse(f"k: {value}", "f").data == {"k": value}:
                styles += ["plain", "plain"]
        match self.choose(*styles):
            case "plain":
                return str(value)
            case "single":
                return "'" + str(value).replace("'", "''") + "'"
        return json.dumps(value, ensure_ascii=True)


def paths(data: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """List every path to a value, and one to a new key of every map."""
    found = [at] if at else []
    items: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, child in items:
        found += paths(child, (*at, key))
    if isinstance(data, dict) or data is None:
        found += [(*at, "new"), (*at, "new", "deep er")]
    return found


def put(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    if isinstance(data, list):
        return [put(one, path[1:], value) if index == path[0] else one for index, one in enumerate(data)]
    return {**(data or {}), path[0]: put((data or {}).get(path[0]), path[1:], value)}


def common(one: str, other: str) -> int:
    """Count the characters with which two texts both begin."""
    same = (a == b for a, b in zip(one, other, strict=False))
    return next((at for at, equal in enumerate(same) if not equal), min(len(one), len(other)))


@given(_forms, st.data())
def test_only_the_changed_value_differs(form: dict[str, Any], data: st.DataObject) -> None:
    text = Writer(data.draw).document(form)
    before = parse(text, "f")
    assert before.data == form, text
    path = data.draw(st.sampled_from(paths(form)))
    value = data.draw(_scalars)
    try:
        after = edit.set_values(text, {path: value})
    except ProblemsError as refused:
        # What stands in a list has no key, and so no place of its own in the text; nothing else is refused here.
        assert any(isinstance(part, int) for part in path) and "was not changed" in str(refused), (text, path)
        return
    assert json.dumps(parse(after, "f").data, sort_keys=True) == json.dumps(put(form, path, value), sort_keys=True)
    assert edit.set_values(after, {path: value}) == after
    # What was cut out of the text is that value, and at most the space before it.
    prefix = common(text, after)
    suffix = common(text[prefix:][::-1], after[prefix:][::-1])
    cut = text[prefix : len(text) - suffix]
    node = before.node(path)
    if node is None and cut:
        parent = before.node(path[: max(i for i in range(len(path)) if before.node(path[:i]) is not None)])
        assert parent is not None and parent.data is None and cut in text[parent.start : parent.end], (text, after)
    elif cut and node is not None and node.style in ("plain", "quoted", "flow"):
        assert cut in text[node.start : node.end], (text, after)


@given(_forms, st.data())
def test_only_the_removed_key_is_gone(form: dict[str, Any], data: st.DataObject) -> None:
    text = Writer(data.draw).document(form)
    known = [path for path in paths(form) if isinstance(path[-1], str) and "new" not in path]
    path = data.draw(st.sampled_from(known))
    try:
        after = edit.remove(text, [path])
    except ProblemsError as refused:
        assert "was not changed" in str(refused)
        assert len(path) == 1 or any(isinstance(part, int) for part in path) or "anchor" in text, (text, path)
        return
    wanted = json.loads(json.dumps(form))
    owner = wanted
    for part in path[:-1]:
        owner = owner[part]
    del owner[path[-1]]
    assert parse(after, "f").data == wanted
    assert edit.remove(after, [path]) == after
