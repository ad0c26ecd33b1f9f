"""Values of a service of before: a server elsewhere has another password than the one that was random here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import Problem
from signalen_toolkit.secrets import files as secret_files
from signalen_toolkit.secrets.check import check
from signalen_toolkit.secrets.files import ValueOrigin, path_of
from signalen_toolkit.secrets.make import init, set_value
from signalen_toolkit.secrets.rotation import edit, rotate
from signalen_toolkit.secrets.sops import Sops
from signalen_toolkit.secrets.values import ValueSources

from tests.support.secret_repository import (
    BACKEND,
    OTHER,
    PLAIN,
    RABBITMQ,
    everything,
    given,
    initialised,
    script,
    values,
)

MANAGED = "database: {host: db.example.nl}\nqueue: {host: mq.example.nl}\n"
KEYS = ("DATABASE_PASSWORD", "RABBITMQ_PASSWORD")
POSTGRESQL = path_of("acceptance", "signalen-backend-postgresql-secrets")


def form(repository: Path, more: str) -> None:
    with (repository / "municipality.yaml").open("a") as file:
        file.write(more)


def origins(repository: Path, path: str = BACKEND) -> dict[str, ValueOrigin]:
    file = secret_files.read(repository, path)
    assert file
    return file.origins


def forget(repository: Path) -> None:
    """Make the files as an older toolkit did: nothing in them says where a value comes from."""
    opened = values(repository)
    for path in (repository / "secrets/acceptance").glob("*.yaml"):
        own = {key.partition("/")[2]: value for key, value in opened.items() if key.startswith(f"{path.stem}/")}
        text = secret_files.secret_text(path.stem, "signalen-acceptance", own, {})
        from signalen_toolkit.secrets.environment import choose, read_config, sops_of
        from signalen_toolkit.secrets.sops import find

        program: Sops = sops_of(repository, choose(read_config(repository, catalog()), "acceptance"), find())
        name = path_of("acceptance", path.stem)
        path.write_text(program.encrypt(text, name))


def outdated(problems: Sequence[Problem]) -> list[tuple[str, str]]:
    assert {one.rule for one in problems} <= {"secret-outdated"}
    return [(str(one.severity), re.findall(r"\w+", one.message)[0]) for one in problems]


@pytest.mark.parametrize("key", [True, False], ids=["with the key", "without it"])
def test_the_random_password_of_before_is_not_accepted(repository: Path, key: bool) -> None:
    made = initialised(repository)
    assert origins(repository)["DATABASE_PASSWORD"] is ValueOrigin.RANDOM
    assert check(repository, catalog()).problems == ()
    form(repository, MANAGED)
    if not key:
        made.key_file.rename(made.key_file.with_suffix(".away"))
    problems = check(repository, catalog()).problems
    assert sorted(outdated(problems)) == [("error", name) for name in KEYS]
    assert "signalen secrets set acceptance signalen-backend-secrets/DATABASE_PASSWORD" in problems[0].hint


def test_what_somebody_gave_is_accepted_and_kept_on_the_way_back(repository: Path) -> None:
    initialised(repository)
    form(repository, MANAGED)
    for key in KEYS:
        done = set_value(repository, catalog(), "acceptance", key, PLAIN)
        assert not any("exec" in line for line in done.orders)  # no service in the cluster keeps it
    assert check(repository, catalog()).problems == ()
    assert origins(repository)["DATABASE_PASSWORD"] is ValueOrigin.GIVEN
    text = (repository / "municipality.yaml").read_text()
    (repository / "municipality.yaml").write_text(text.replace(MANAGED, ""))
    # The Secret of the database in the cluster still has what it was made with.
    assert {one.rule for one in check(repository, catalog()).problems} == {"secret-differs"}
    rotate(repository, catalog(), "acceptance", KEYS)
    assert check(repository, catalog()).problems == ()
    assert origins(repository)["DATABASE_PASSWORD"] is ValueOrigin.RANDOM
    found = values(repository)
    assert found["signalen-backend-postgresql-secrets/postgres-password"] != PLAIN


def test_the_same_value_given_on_purpose_is_accepted(repository: Path) -> None:
    """Somebody may have made the server with the password that is in the Secret."""
    initialised(repository)
    form(repository, MANAGED)
    before = values(repository)
    for key in KEYS:
        set_value(repository, catalog(), "acceptance", key, before[f"signalen-backend-secrets/{key}"])
    assert check(repository, catalog()).problems == ()


def test_a_file_that_does_not_say_it_is_compared_with_the_secret_of_the_service(repository: Path) -> None:
    initialised(repository)
    forget(repository)
    assert check(repository, catalog()).problems == ()
    form(repository, MANAGED)
    assert sorted(outdated(check(repository, catalog()).problems)) == [("error", name) for name in KEYS]
    for path in (POSTGRESQL, RABBITMQ):
        (repository / path).unlink()
    # Now only what it looks like is known.
    assert sorted(outdated(check(repository, catalog()).problems)) == [("warning", name) for name in KEYS]
    for key in KEYS:
        set_value(repository, catalog(), "acceptance", key, "x" * 32)
    assert check(repository, catalog()).problems == ()


def test_a_password_that_somebody_changed_by_other_means_is_no_error(repository: Path) -> None:
    made = initialised(repository)
    form(repository, MANAGED)
    from signalen_toolkit.secrets.sops import find

    for key in KEYS:
        Sops(repository, made.key_file, find()).set(repository / BACKEND, ("stringData", key), PLAIN)
    assert check(repository, catalog()).problems == ()


def test_an_edit_is_given(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    initialised(repository)
    form(repository, MANAGED)
    found = values(repository)
    changes = "; ".join(f"s/{found[f'signalen-backend-secrets/{key}']}/{key}x/" for key in KEYS)
    monkeypatch.setenv("EDITOR", script(repository.parent / "home", f"sed -i '{changes}' \"$1\""))
    try:
        done = edit(repository, catalog(), "acceptance", "signalen-backend-secrets")
    except Exception as error:
        if "no folder in memory" in str(error):
            pytest.skip(str(error))
        raise
    assert done
    assert sorted(done.keys) == [f"signalen-backend-secrets/{key}" for key in KEYS]
    assert done.orders
    assert {origins(repository)[key] for key in KEYS} == {ValueOrigin.GIVEN}
    assert origins(repository)["SECRET_KEY"] is ValueOrigin.RANDOM
    assert check(repository, catalog()).problems == ()


def test_the_client_secret_of_a_dex_that_is_gone_is_not_accepted(repository: Path) -> None:
    text = (repository / "municipality.yaml").read_text()
    with_dex = text.replace("identity: {", "components: {dex: {enabled: true}}\n#identity: {")
    tenant = "6f5902ac-237e-4f2b-8c1a-2f1f6f2c9d10"
    connector = f"dex: {{connectors: [{{type: microsoft, name: Entra, tenant: {tenant}, clientId: x-1}}]}}\n"
    (repository / "municipality.yaml").write_text(with_dex + connector)
    init(repository, catalog(), sources=ValueSources(variables={"MICROSOFT_CLIENT_SECRET": "GIVEN"}))
    assert check(repository, catalog()).problems == ()
    assert origins(repository)["OIDC_RP_CLIENT_SECRET"] is ValueOrigin.FOLLOWS
    (repository / "municipality.yaml").write_text(text)
    assert outdated(check(repository, catalog()).problems) == [("error", "OIDC_RP_CLIENT_SECRET")]
    set_value(repository, catalog(), "acceptance", "OIDC_RP_CLIENT_SECRET", OTHER)
    assert check(repository, catalog()).problems == ()
    assert origins(repository)["OIDC_RP_CLIENT_SECRET"] is ValueOrigin.GIVEN


def test_a_form_without_these_services_has_nothing_outdated(repository: Path) -> None:
    form(repository, MANAGED)
    sources = ValueSources(variables={"DATABASE_PASSWORD": "GIVEN", "RABBITMQ_PASSWORD": "GIVEN", **given().variables})
    init(repository, catalog(), sources=sources)
    assert check(repository, catalog()).problems == ()
    before = everything(repository)
    init(repository, catalog(), sources=ValueSources())
    assert everything(repository) == before


@pytest.mark.parametrize("annotation", ["5", "[a]", "{a: b}", "x", "DATABASE_PASSWORD=other,=random,,", "''"])
def test_an_annotation_that_says_nothing(repository: Path, annotation: str) -> None:
    initialised(repository)
    text = (repository / BACKEND).read_text()
    changed = re.sub(r"signalen\.org/origins: .*", f"signalen.org/origins: {annotation}", text)
    assert changed != text
    (repository / BACKEND).write_text(changed)
    assert check(repository, catalog(), decrypt=False).problems == ()


def test_a_value_that_nobody_can_decode_has_no_length(repository: Path) -> None:
    initialised(repository)
    form(repository, MANAGED)
    text = (repository / BACKEND).read_text()
    (repository / BACKEND).write_text(re.sub(r"(DATABASE_PASSWORD: ENC\[AES256_GCM,data:)[^,]+", r"\1*!", text))
    assert outdated(check(repository, catalog(), decrypt=False).problems) == [("error", "RABBITMQ_PASSWORD")]
