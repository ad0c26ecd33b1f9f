"""A person is spoken to in Dutch where their environment is Dutch: no message is missing, and machines read English."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from babel.messages import pofile
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.base.paths import PACKAGE
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.cli.main import main
from signalen_toolkit.language.catalogue import catalogue, read
from signalen_toolkit.language.choice import chosen, translator
from signalen_toolkit.language.dutch import PATH, phrase
from signalen_toolkit.repository import answers, wizard
from signalen_toolkit.validation.check import check_file

from tests.conftest import FORMS
from tests.support.messages import english_in, messages

ENTRIES = list(read(PATH))
DUTCH = translator("nl")
# What the administrator reads: all messages of these are translated.
COVERED = (
    "validation",
    "schema",
    "documents",
    *(f"diff/{name}.py" for name in ("dangers", "diff", "farewells", "form_ahead", "report", "version_changes")),
    *(f"repository/{name}.py" for name in ("answers", "bump", "change", "promote", "set_option", "status", "update")),
    "rendering/tree.py",
    "cli/hooks.py",
    "cli/secrets.py",
    "form/municipalities.py",
    "form/model.py",
    *(f"secrets/{name}.py" for name in ("check", "make", "values", "rotation", "after_rotation", "plaintext")),
    *(f"secrets/{name}.py" for name in ("environment", "files", "age_keys", "sops", "sops_config")),
)
# What a maintainer, an engineer with a fleet, or a pipeline runs, and what is said in Dutch to begin with.
ENGLISH_ALONE = (
    *("catalog/", "cli/comment.py", "cli/complete.py", "cli/fleet/", "cli/issue.py", "fleet/", "forge/"),
    "page/elsewhere/submitted_issue.py",
)
HOLE = re.compile(r"\{\w+\}")
# What is the same in Dutch, or no message: names, commands, what programs say.
SAME = (
    "Microsoft Entra ID",
    "access modes",
    "storage class",
    "kubectl",
    "signalen secrets",
    "signalen handover",
    "pip install",
    "import os, signal",
    "{{index .data",
    "- path_regex:",
    "# ",  # what is written into files
    "apiVersion:",
    "kind:",
    "type:",
    "app.kubernetes.io/",
    "for file in",
    "database.name' or",
    "> [!WARNING]",
    "Failed to get the data key",
    "MAC mismatch",
    "Permission denied",
    "metadata not found",
    "no matching creation rules",
    # What the reader of YAML says, by which its mistakes are known.
    "could not find expected",
    "mapping values",
    "unknown escape",
    "sequence entries",
    "quoted scalar",
    "block scalar",
    "expected ",
    "but found (",
    "<block end>",
    "end of stream",
    "document separator",
    "cannot start any token",
    # Mistakes of ours, that nobody's form makes.
    "{} is not plain data",
    "{} has no place in YAML",
)
# Of what is left of a text without these, fewer than two words are no message: patterns, paths, HTML.
NO_WORDS = re.compile(r"\{\w*\}|<[^>]*>|\S*[\\^:$/.]\S*|'[^']*'")


def modules() -> list[Path]:
    found = [PACKAGE / name for name in COVERED]
    return [one for path in found for one in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]


def is_dutch(text: str) -> bool:
    """Tell whether a message, in which something is filled in, is put into Dutch as a whole."""
    made = HOLE.sub("1", re.sub(r"(?<=[a-z]{3})\{\}", "", text).replace("{}", "1"))  # file{}: one, or several
    return any(phrase(one) != one and not english_in(phrase(one)) for one in (made, f"'x' {made}"))


def is_message(text: str) -> bool:
    return not text.strip().startswith(SAME) and len(re.findall(r"\b[A-Za-z]{2,}\b", NO_WORDS.sub(" ", text))) >= 2


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_message_is_missing(path: Path) -> None:
    missing = [text for text in messages(path) if is_message(text) and not is_dutch(text)]
    assert missing == [], f"add these to {PATH.relative_to(PACKAGE)}"


def test_no_usage_error_is_missing() -> None:
    paths = [
        path for path in PACKAGE.rglob("*.py") if not path.relative_to(PACKAGE).as_posix().startswith(ENGLISH_ALONE)
    ]
    told = [text for path in sorted(paths) for text in messages(path, "UsageError")]
    assert len(told) > 100
    assert [text for text in told if is_message(text) and not is_dutch(text)] == []


def test_a_message_is_in_the_catalogue_once() -> None:
    said = [message for message, _ in ENTRIES]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(("message", "translation"), ENTRIES, ids=[message[:60] for message, _ in ENTRIES])
def test_a_translation_says_all_that_the_message_says(message: str, translation: str) -> None:
    assert translation
    names = HOLE.findall(message)
    assert len(set(names)) == len(names)
    assert set(HOLE.findall(translation)) <= set(names)


def test_the_catalogue_is_one_that_gettext_reads() -> None:
    with PATH.open("rb") as file:
        parsed = pofile.read_po(file, locale="nl", abort_invalid=True)
    assert {one.id: one.string for one in parsed if one.id} == dict(ENTRIES)


BAD = sorted((FORMS / "bad").glob("*.yaml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_mistake_is_told_in_dutch(path: Path) -> None:
    for problem in check_file(path, catalog())[1]:
        for text in filter(None, (problem.message, problem.hint)):
            assert not english_in(DUTCH(text)), (text, DUTCH(text))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "nl_NL.UTF-8"}, "nl"),
        ({"LANG": "nl"}, "nl"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "nl_NL.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "nl_NL.UTF-8", "SIGNALEN_LANG": "en"}, "en"),
        ({"LANG": "de_DE", "SIGNALEN_LANG": "nl"}, "nl"),
        ({"LANG": "nlx"}, "en"),
    ],
)
def test_the_environment_says_the_language(variables: dict[str, str], expected: str) -> None:
    assert chosen(variables) == expected


def test_a_check_is_dutch_for_a_person_and_english_for_a_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(FORMS / "bad/toolkit-source.yaml", tmp_path / "municipality.yaml")
    monkeypatch.setenv("SIGNALEN_LANG", "nl")
    said = CliRunner().invoke(main, ["check", str(tmp_path)]).output
    assert "fout[toolkit-source]: 'toolkit.source' is git, en 'toolkit.git.commit' is niet ingevuld" in said
    assert "vul de commit in" in said
    for format_ in ("json", "github", "gitlab", "sarif"):
        other = CliRunner().invoke(main, ["check", str(tmp_path), "--format", format_]).output
        assert "is not filled in" in other
        assert "ingevuld" not in other
    monkeypatch.setenv("SIGNALEN_LANG", "en")
    assert "is not filled in" in CliRunner().invoke(main, ["check", str(tmp_path)]).output


def test_wrong_use_is_told_in_dutch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALEN_LANG", "nl")
    assert "noem een formulier" in CliRunner().invoke(main, ["check", str(tmp_path)]).output


def test_status_is_told_in_dutch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(FORMS / "minimal.yaml", tmp_path / "municipality.yaml")
    monkeypatch.setenv("SIGNALEN_LANG", "nl")
    said = CliRunner().invoke(main, ["status", str(tmp_path)]).output
    assert said.startswith("omgeving")
    assert "voer `signalen check` uit" in said
    assert json.loads(CliRunner().invoke(main, ["status", str(tmp_path), "--format", "json"]).output)["environments"]


def test_what_was_filled_in_stays_as_it_is() -> None:
    assert DUTCH("'enviroments' is not a key of the form") == "'enviroments' bestaat niet in het formulier"
    assert DUTCH("'replicas' must be a whole number, not text") == "voor 'replicas' is een heel getal nodig, niet tekst"
    assert DUTCH("something else") == "something else"


@given(st.text())
def test_any_text_has_a_translation_or_stays(text: str) -> None:
    assert isinstance(DUTCH(text), str)
    assert translator("en")(text) == text


def test_a_text_without_end_is_left_alone() -> None:
    assert DUTCH("x is missing from " * 10_000) == "x is missing from " * 10_000


def test_the_most_telling_message_is_taken_and_a_name_between_quotes_stays() -> None:
    found = catalogue({"{a} is missing": "{a} ontbreekt", "'{key}' is missing": "mist '{key}'"}, {"text": "tekst"}, {})
    assert found.translated("'text' is missing") == "mist 'text'"
    assert found.translated("text is missing") == "tekst ontbreekt"
    assert found.lines("  text\nb is missing") == "  tekst\nb ontbreekt"
    assert found.translated(" is missing") == " is missing"  # nothing is filled in


@pytest.mark.parametrize(
    ("place", "text", "dutch", "english"),
    [
        ("contact.phone", "zes", "telefoonnummer", "telephone number"),
        ("municipality.code", "", "schrijf een naam", "write a name"),
        ("municipality.code", "Nergenshuizen", "gemeente", "municipality"),
    ],
)
def test_the_questions_tell_in_either_language_what_is_wrong_with_an_answer(
    place: str, text: str, dutch: str, english: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = answers.read(None, [])
    (question,) = [one for one in given.unanswered() if ".".join(map(str, one.place)) == place]

    def answered(typed: str) -> answers.Answers:
        return given.answered(question.place, typed, f"{place}={typed}", ("answer", 1))

    for language, expected in (("nl", dutch), ("en", english)):
        monkeypatch.setenv("SIGNALEN_LANG", language)
        assert expected in wizard._fault(question, text, answered, FORMS, 1).lower()
