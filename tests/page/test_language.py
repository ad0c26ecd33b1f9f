"""Everything that people read on the pages is there in Dutch and in English."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.form.schema import form_schema, settings
from signalen_toolkit.language.dutch import phrase
from signalen_toolkit.page.language.words import Words
from signalen_toolkit.validation.check import check_file

from tests.conftest import FORMS
from tests.support.messages import english_in

BAD = sorted((FORMS / "bad").glob("*.yaml"))
PAGE = PACKAGE / "page"
NL, EN = Words("nl"), Words("en")


@pytest.mark.parametrize("path", BAD, ids=[path.stem for path in BAD])
def test_every_mistake_is_said_in_dutch(path: Path) -> None:
    _, problems = check_file(path, catalog(), name="form.yaml")
    assert problems
    for problem in problems:
        for english, said in zip((problem.message, problem.hint), NL.problem(problem), strict=True):
            assert not english_in(said), (english, said)
            assert bool(said) == bool(english)
            assert "{" not in said or "{" in english


def test_every_phrase_of_the_schema_has_dutch() -> None:
    for path, schema in settings(items=True):
        for key in ("x-derived", "x-pattern-message"):
            if text := schema.get(key):
                assert phrase(text) != text or not english_in(text), (path, text)
                assert not english_in(phrase(text)), (path, text)


def test_a_message_names_settings_by_their_titles() -> None:
    (problem,) = [
        one
        for one in check_file(FORMS / "bad" / "mail-sender.yaml", catalog(), name="f")[1]
        if one.rule == "mail-sender"
    ]
    assert "'email.from'" in EN.problem(problem)[1]
    assert "'E-mail › Afzender'" in NL.problem(problem)[1]  # noqa: RUF001  # as the pages have it


def test_the_table_has_each_text_once_and_in_both_languages() -> None:
    with (PAGE / "language/words.csv").open(encoding="utf-8", newline="") as file:
        words = list(csv.DictReader(file))
    assert all(row["nl"] and row["en"] for row in words)
    assert len({row["key"] for row in words}) == len(words)
    for row in words:
        assert sorted(re.findall(r"\{\w+\}", row["nl"])) == sorted(re.findall(r"\{\w+\}", row["en"])), row


def test_every_text_that_a_page_asks_for_is_in_the_table_and_the_other_way_round() -> None:
    sources = [*(PAGE / "templates").glob("*.html"), *PAGE.rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    asked = set(re.findall(r"\b(?:t|words)\(\s*\"([a-z][\w:/-]*)\"", text)) | set(
        re.findall(r"\"((?:municipality|environment|general|secret|image|issue|error):[\w-]+)\"", text)
    )
    with (PAGE / "language/words.csv").open(encoding="utf-8", newline="") as file:
        known = {row["key"] for row in csv.DictReader(file)}
    whole = {one for one in asked if not one.endswith(":")}
    assert whole - known == set()
    beginnings = (*(one for one in asked if one.endswith(":")), "start:", "static:", "error:")
    assert {key for key in known - whole if not key.startswith(beginnings)} == set()


def test_titles_and_explanations_are_in_the_language_that_was_chosen() -> None:
    phone = form_schema()["$defs"]["contact"]["properties"]["phone"]
    assert (NL.title(phone), EN.title(phone)) == ("Telefoonnummer", "Telephone number")
    assert NL.description(phone) != EN.description(phone)
    assert NL.place(("environments", "acceptance", "contact", "phone")) == "acceptance › Contact › Telefoonnummer"  # noqa: RUF001
