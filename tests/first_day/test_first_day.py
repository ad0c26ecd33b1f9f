"""The first day of every example form: whole, in Dutch, with commands that a shell reads, and nothing left open."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.documents.machine import load
from signalen_toolkit.first_day import chapter
from signalen_toolkit.first_day.registrations import is_own_dex, registrations
from signalen_toolkit.first_day.steps import Step, hosts_of, steps
from signalen_toolkit.form.config import Environment
from signalen_toolkit.rendering.render import render
from signalen_toolkit.validation.check import check_file

from tests.conftest import FORMS, example_forms


@pytest.mark.parametrize("path", example_forms(), ids=lambda path: path.stem)
def test_every_form_has_a_first_day(path: Path) -> None:
    config = check_file(path, catalog())[0]
    for environment in config.environments:
        found = steps(environment, config, catalog())
        assert len({step.id for step in found}) == len(found)
        written = chapter.markdown(found)
        printed = chapter.text(environment.name, found)
        for host in hosts_of(environment):
            assert host in written and host in printed
        for step in found:
            assert step.proof or step.seen_by, step.id
            assert "{" not in step.text
        assert ("/models/main_model.pkl" in printed) is ("classification" in environment.enabled)
        shell = "\n".join(command for step in found for command in (*step.commands, step.proof_command))
        subprocess.run(["bash", "-n"], input=shell, text=True, check=True)


def test_the_way_secrets_come_is_the_chosen_one() -> None:
    ways = {"sops": "signalen secrets init", "external-secrets": "external-secrets.yaml", "existing": "--from-env-file"}
    for path in example_forms():
        config = check_file(path, catalog())[0]
        for environment in config.environments:
            (step,) = (one for one in steps(environment, config, catalog()) if one.id == "secrets")
            told = " ".join((*step.commands, step.proof_command))
            assert {way for way, word in ways.items() if word in told} == {environment.settings["secrets"]["provider"]}


def test_what_is_registered_is_what_sends_people_there() -> None:
    """The applications of the step are those whose client ids and addresses the rendered values have."""
    seen = set()
    for path in (*example_forms(), FORMS / "good" / "grafana-client.yaml"):
        config = check_file(path, catalog())[0]
        for environment in config.environments:
            found = registrations(environment)
            (step,) = (one for one in steps(environment, config, catalog()) if one.id == "sign-in")
            assert step.facts == tuple(one.text for one in found)
            sites = {f"https://{host}" for host in hosts_of(environment)}
            assert all(any(one.redirect.startswith(f"{site}/") for site in sites) for one in found)
            seen |= {one.title for one in found}
            if is_own_dex(environment):
                assert {one.redirect for one in found} <= {f"https://{environment.hosts['dex']}/callback"}
            elif "grafana" in environment.enabled:
                tree = render(config, catalog())
                values = load(tree[f"clusters/{environment.name}/values/{_release(environment, 'grafana')}.yaml"])
                (grafana,) = (one for one in found if one.title == "Grafana")
                assert values["env"]["GF_AUTH_GENERIC_OAUTH_CLIENT_ID"] == grafana.client_id
                root = values["grafana.ini"]["server"]["root_url"]
                assert grafana.redirect == f"{root}login/generic_oauth"
    assert {"de site", "de beheerpagina's", "Grafana"} < seen


def _release(environment: Environment, component: str) -> str:
    return next(one.release_name for one in environment.components if one.name == component)


def test_signs_stand_before_steps_that_were_looked_at() -> None:
    found = [Step("a", "Eerst", "x", seen_by=("dns/",)), Step("b", "Dan", "y")]
    marks: Mapping[str, str] = {"a": "✓"}
    lines = chapter.text("proef", found, lambda step: marks.get(step.id, "")).splitlines()
    assert "✓ 1. Eerst" in lines and "· 2. Dan" in lines
