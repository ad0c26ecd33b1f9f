"""The reference documentation belongs to the schema and the rules as they are."""

from __future__ import annotations

import pytest
from signalen_toolkit.cli import reference
from signalen_toolkit.form import schema as formschema
from signalen_toolkit.validation import ignore
from signalen_toolkit.validation.check import reasons
from signalen_toolkit.verify import checks, verify


@pytest.mark.parametrize("page", ["form.md", "rules.md", "commands.md"])
def test_the_reference_is_not_stale(page: str) -> None:
    path = reference.DOCS / page
    assert path.is_file(), "run `python -m signalen_toolkit.cli.reference`"
    fresh = path.read_text(encoding="utf-8") == reference.pages()[page]
    assert fresh, f"docs/{page} is stale: run `python -m signalen_toolkit.cli.reference`"


def test_the_table_of_what_verify_finds_is_not_stale() -> None:
    assert reference.TABLE.read_text(encoding="utf-8") == reference.table()
    assert ignore.verify_rules() == {one: one in checks.REASONS for one in verify.reasons()}


def test_every_rule_has_a_heading_to_link_to() -> None:
    headings = [line[4:] for line in reference.rules_markdown().splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted([*reasons(), *verify.reasons()])


def test_every_setting_is_described_in_both_languages() -> None:
    text = reference.form_markdown()
    for path, node in formschema.settings(items=True):
        if path[0] == "resources" and len(path) > 2:
            continue  # described once, for the first of them
        name = ".".join(path).replace("*", "&lt;name>").replace(".[]", "[]")
        assert f"# {name}\n" in text
        assert node["title"] in text
        assert node["x-title-nl"] in text


def test_writing_twice_gives_the_same_text() -> None:
    assert reference.pages() == reference.pages()
