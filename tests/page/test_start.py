"""Who starts answers a few questions a page, and gets a repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.git.run import must, remotely
from signalen_toolkit.validation.check import check_file

from tests.support.pages import ANSWERS, Visitor, text_of


def test_a_repository_is_made_of_the_answers_to_the_steps(newcomer: Visitor) -> None:
    newcomer.make()
    config, problems = check_file(newcomer.directory / "municipality.yaml", catalog())
    assert problems == []
    (environment,) = config.environments
    assert environment.settings["municipality"]["name"] == "'s-Hertogenbosch"
    assert environment.settings["branding"]["alert"] == "Door een storing duurt het langer."
    assert (newcomer.directory / "clusters/acceptance/kustomization.yaml").is_file()
    log = must(newcomer.directory, "log", "--format=%s").decode().split("\n")
    assert log[0] == "Richt Signalen in voor 's-Hertogenbosch"
    assert must(newcomer.directory, "status", "--porcelain") == b""


def test_a_new_form_begins_with_the_first_step_that_is_open(newcomer: Visitor) -> None:
    assert newcomer.client.get("/").location == "/start/municipality"
    newcomer.start(["municipality", "contact"])
    assert newcomer.client.get("/").location == "/start/appearance"


def test_answers_survive_the_closing_of_browser_and_server(newcomer: Visitor, tmp_path: Path) -> None:
    newcomer.start(["municipality", "contact"])
    again = Visitor(newcomer.directory, tmp_path / "state")
    assert again.client.get("/").location == "/start/appearance"
    assert 'value="073 615 51 55"' in again.get("/start/contact")


def test_nothing_is_in_the_folder_before_the_end(newcomer: Visitor) -> None:
    newcomer.start()
    newcomer.get("/start/summary")
    assert not newcomer.directory.exists()


@pytest.mark.parametrize(
    "name", ["den bosch", "'s-Hertogenbosch", "GM0796", "gm0796", "'s-Hertogenbosch, Noord-Brabant, GM0796"]
)
def test_a_municipality_is_found_by_its_names_and_code(newcomer: Visitor, name: str) -> None:
    assert newcomer.send("/start/municipality", {"municipality": name}, "next").location == "/start/contact"
    assert "GM0796" in newcomer.get("/start/municipality")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Vul de naam van de gemeente in."),
        ("Brussel", "‘Brussel’ is geen gemeente die wij kennen."),  # noqa: RUF001  # as the pages have it
        ("Bergen", "‘Bergen’ kan meer dan één gemeente zijn."),  # noqa: RUF001
        ("'><script>alert(1)</script>", "is geen gemeente die wij kennen."),
    ],
)
def test_what_is_no_municipality_is_said(newcomer: Visitor, typed: str, said: str) -> None:
    answer = newcomer.send("/start/municipality", {"municipality": typed}, "next")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in text_of(page)
    assert "<script>alert" not in page
    assert "<title>Fout:" in page


def test_of_several_municipalities_one_is_chosen(newcomer: Visitor) -> None:
    page = newcomer.send("/start/municipality", {"municipality": "Bergen"}, "next").get_data(as_text=True)
    assert "Bergen (NH.), Noord-Holland, GM0373" in text_of(page)
    answer = newcomer.send("/start/municipality", {"chosen": "GM0893"}, "next", page=page)
    assert answer.location == "/start/contact"
    assert "GM0893" in newcomer.get("/start/municipality")


def test_a_step_with_mistakes_comes_back_with_what_is_wrong_on_top_and_at_the_field(newcomer: Visitor) -> None:
    newcomer.start(["municipality"])
    answer = newcomer.send("/start/contact", {"/contact/phone": "zes een vijf", "/contact/email": "x@y.nl"}, "next")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert '<a href="#f-contact-phone">' in page
    assert 'id="f-contact-phone" name="/contact/phone" value="zes een vijf"' in page
    assert 'aria-invalid="true"' in page
    assert "Voor &#39;Telefoonnummer&#39; is een Nederlands telefoonnummer" in page
    assert "ontbreekt in &#39;acceptance&#39;" in page or "Domein" in page
    kept = newcomer.get("/start/contact")
    assert 'value="zes een vijf"' in kept


def test_what_was_not_asked_yet_is_no_mistake(newcomer: Visitor) -> None:
    newcomer.start(["municipality"])
    assert 'class="error"' not in newcomer.get("/start/contact")
    assert 'class="summary"' not in newcomer.get("/start/sign-in")


def test_who_chooses_dex_is_asked_for_the_provider_behind_it(newcomer: Visitor) -> None:
    newcomer.start(["municipality", "contact", "appearance"])
    assert "/identity/issuer" in newcomer.get("/start/sign-in")
    answer = newcomer.send("/start/sign-in", {"/components/dex/enabled": "true"}, "next")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "/dex/connectors/0/tenant" in page
    assert "/identity/issuer" not in page
    assert "/dex/connectors/0/bindDN" not in page
    assert 'class="error"' not in page
    answers = {"/dex/connectors/0/tenant": "example.nl", "/dex/connectors/0/clientId": "1111"}
    assert newcomer.send("/start/sign-in", answers, "next").location == "/start/platform"


def test_the_summary_shows_what_is_answered_and_what_follows(newcomer: Visitor) -> None:
    newcomer.start()
    page = newcomer.get("/start/summary")
    said = text_of(page)
    assert "073 615 51 55" in said
    assert "Meldingen 's-Hertogenbosch (volgt vanzelf)" in said.replace("&#39;", "'")
    assert 'action="/save"' in page


def test_a_form_with_mistakes_is_not_made(newcomer: Visitor) -> None:
    newcomer.start(["municipality", "contact"])
    page = newcomer.get("/start/summary")
    assert 'action="/save"' not in page
    assert "/start/platform#f-repository-url" in page
    (csrf,) = {
        form["values"]["csrf"]
        for form in newcomer.forms(newcomer.get("/section/contact"))
        if form["action"] == "/section/contact"
    }
    answer = newcomer.client.post("/save", data={"csrf": csrf})
    assert answer.location == "/start/summary"
    assert not newcomer.directory.exists()


def test_a_clone_of_an_empty_repository_is_filled_and_pushed(tmp_path: Path) -> None:
    remote, clone = tmp_path / "remote.git", tmp_path / "clone"
    must(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    remotely(tmp_path, "clone", "--quiet", str(remote), str(clone))
    newcomer = Visitor(clone, tmp_path / "state")
    newcomer.make()
    assert b"Richt Signalen in" in must(remote, "log", "--format=%s", "main")
    assert must(clone, "status", "--porcelain") == b""


def test_every_answer_of_the_examples_is_asked_somewhere(newcomer: Visitor) -> None:
    newcomer.start()
    for name, answers in ANSWERS.items():
        (form,) = [one for one in newcomer.forms(newcomer.get(f"/start/{name}")) if one["action"] == f"/start/{name}"]
        assert {*answers} <= form["names"]
