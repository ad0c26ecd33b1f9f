"""A difference as text, Markdown and JSON: in order, not too long, and nothing in it breaks out."""

from __future__ import annotations

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from signalen_toolkit.diagnostics.problems import Severity
from signalen_toolkit.diff import report
from signalen_toolkit.diff.diff import Action, Change, Difference
from signalen_toolkit.kubernetes.model import Finding, Object

from tests.support.kubernetes import claim, compare, deployment, everywhere, obj

ANY = st.text(
    st.one_of(st.sampled_from("`~\n -+>#<&@[]()*_|\\:'\"\t\r\u2028\u202e\x1b"), st.characters()), max_size=200
)


def change(diff_: str, name: str = "x", environment: str = "acceptance") -> Change:
    return Change(Action.CHANGED, obj("ConfigMap", name=name, environment=environment), diff_)


@given(ANY, ANY, ANY)
@settings(max_examples=150, deadline=None)
def test_nothing_breaks_out_of_markdown(value: str, name: str, message: str) -> None:
    before, after = obj("ConfigMap", name=name, data={"a": value}), obj("ConfigMap", name=name, data={"a": value + "`"})
    found = compare([before], [after])
    finding = Finding("rule", message, after, hint=message, severity=Severity.WARNING)
    difference = Difference(name, message, (), (finding,), (*found.changes, change(f" ```\n-{value}")), (after,))
    tokens = MarkdownIt("commonmark").parse(report.write(difference, "markdown"))
    fences = [token for token in tokens if token.type == "fence"]
    assert len(fences) == len(difference.changes)
    for token, one in zip(fences, difference.changes, strict=True):
        assert token.info == "diff"
        assert len(token.content.split("\n")) == len(one.diff.split("\n")) + 1
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert len(blocks) == 2 * len(difference.changes)
    assert all(block.startswith(("<details", "</details>")) for block in blocks)
    assert all(block.count("<") in (1, 5) for block in blocks)
    inline = [child for token in tokens for child in token.children or ()]
    assert not [child for child in inline if child.type in ("html_inline", "link_open", "image")]
    headings = [token for token in tokens if token.type == "heading_open"]
    assert len(headings) == 1


@given(st.lists(st.tuples(ANY, st.integers(0, 3000)), max_size=60))
@settings(max_examples=25, deadline=None)
def test_a_comment_is_never_too_long(parts: list[tuple[str, int]]) -> None:
    changes = tuple(change((text + "+x\n") * times, name=text, environment=text) for text, times in parts)
    findings = tuple(Finding("r", text * times, one.object) for one, (text, times) in zip(changes, parts, strict=True))
    text = report.write(Difference("a", "b", (), findings, changes), "markdown")
    assert len(text) <= report.LONGEST
    assert text.count("<details") == text.count("</details>")


def test_what_is_left_out_of_a_comment_is_said() -> None:
    changes = (change("+x\n" * 30_000, "long"), *(change("+x", f"short-{n}") for n in range(5)))
    text = report.write(Difference(changes=changes), "markdown")
    assert text.count("```diff") == 5
    assert "1 of 6 objects (`acceptance: ConfigMap long`)" in text


def test_long_diffs_are_folded() -> None:
    text = report.write(Difference(changes=(change("+x\n" * 60, "long"), change("+x", "short"))), "markdown")
    assert "<details><summary>changed <code>ConfigMap long</code> (+60 -0)" in text
    assert "<details open><summary>changed <code>ConfigMap short</code> (+1 -0)" in text


def test_text_cannot_move_the_cursor() -> None:
    one = obj("ConfigMap", name="x\x1b[2J", environment="a\u202e", data={"a\x9b": "b\x1b]0;x\x07\u202e\nc"})
    difference = compare([], [one])
    for colour in (False, True):
        text = report.write(difference, "text", colour=colour)
        plain = text
        for code in ("1", "31", "32", "1;33", "36", "0"):
            plain = plain.replace(f"\x1b[{code}m", "") if colour else plain
        assert not set(plain) & set("\x1b\x07\x9b\u202e")
    assert "\x1b[32m" in report.write(difference, "text", colour=True)


def test_json_has_everything() -> None:
    difference = compare([claim(), deployment()], [deployment({"image": "signalen/backend:2"})])
    data = json.loads(report.write(difference, "json"))
    assert [one["rule"] for one in data["warnings"]] == ["volume-removed"]
    assert data["versions"][0]["after"] == "2"
    assert [(one["action"], one["kind"]) for one in data["changes"]] == [
        ("changed", "Deployment"),
        ("removed", "PersistentVolumeClaim"),
    ]
    assert data["replaced"] == [
        {
            "environment": "acceptance",
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "namespace": "signalen",
            "name": "signalen",
        }
    ]
    assert data["summary"] == "1 object changed, 1 removed; 1 warning"


def test_the_order_does_not_depend_on_that_of_the_objects() -> None:
    def many(value: str) -> list[Object]:
        kinds = ("ConfigMap", "Service", "Ingress", "Secret")
        return [
            obj(kind, name=f"{kind}-{n}", environment=environment, data={"DATABASE_HOST": value})
            for kind in kinds
            for n in range(3)
            for environment in ("production", "acceptance")
        ]

    expected = everywhere(compare(many("a")[4:], many("b")[:-4]))
    for seed in range(5):
        before, after = many("a")[4:], many("b")[:-4]
        random.Random(seed).shuffle(before)  # an order, no secret
        random.Random(seed + 1).shuffle(after)  # an order, no secret
        assert everywhere(compare(before, after)) == expected
