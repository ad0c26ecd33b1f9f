"""Secrets with the real programs: complete, encrypted, and nowhere in plain text."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from signalen_toolkit.base import files
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.secrets import age_keys, sops, sops_config
from signalen_toolkit.secrets import files as secret_files
from signalen_toolkit.secrets import values as secret_values
from signalen_toolkit.secrets.check import SecretsReport, check
from signalen_toolkit.secrets.make import init, set_value, summary
from signalen_toolkit.secrets.rotation import edit, rotate, rotate_recipients
from signalen_toolkit.secrets.sops import Sops
from signalen_toolkit.secrets.values import ValueSources, pairs

from tests.support.secret_repository import (
    BACKEND,
    OIDC,
    OTHER,
    PLAIN,
    RABBITMQ,
    STRANGER,
    everything,
    files_with,
    given,
    initialised,
    script,
    values,
)

pytest.importorskip("pyrage", reason="the extra `secrets` is missing")

PLACE = "signalen/age/git.example.nl/utrecht/signalen/GM0344-acceptance.txt"


def rules(report: SecretsReport) -> list[str]:
    return [problem.rule for problem in report.problems]


# init


def test_init_makes_all_that_is_needed(repository: Path) -> None:
    made = initialised(repository)
    assert made.new_key
    assert check(repository, catalog()) == SecretsReport((), ())
    found = values(repository)
    assert found[OIDC] == PLAIN
    assert found["signalen-backend-secrets/EMAIL_HOST_PASSWORD"] == ""
    assert found["signalen-backend-secrets/FLOWER_BASIC_AUTH"].startswith("flower:")
    assert len(found["signalen-backend-secrets/SECRET_KEY"]) == 64
    same = found["signalen-backend-secrets/RABBITMQ_PASSWORD"]
    assert len(same) == 32
    assert found["signalen-backend-rabbitmq-secrets/rabbitmq-password"] == same
    assert set(made.keys) == set(found)
    lengthy = [value for key, value in found.items() if made.keys.get(key) == "random"]
    assert len(set(lengthy)) == len(lengthy)


def test_the_private_key_is_its_owners_alone_and_outside_the_repository(repository: Path) -> None:
    made = initialised(repository)
    assert made.key_file == repository.parent / "home/.config" / PLACE
    assert stat.S_IMODE(made.key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.key_file.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((repository / BACKEND).stat().st_mode) == 0o644
    private = age_keys.PRIVATE.findall(made.key_file.read_text())
    assert len(private) == 1
    assert files_with(repository, private[0]) == []
    assert "signalen-acceptance-sops-age" in summary(made)
    assert str(made.key_file) in summary(made)
    assert private[0] not in summary(made)


def test_plain_text_is_nowhere(repository: Path) -> None:
    initialised(repository)
    set_value(repository, catalog(), "acceptance", OIDC, OTHER)
    found = values(repository)
    assert found[OIDC] == OTHER
    for text in (PLAIN, *(value for value in found.values() if value)):
        assert files_with(repository.parent, text) == []
    assert list((repository.parent / "tmp").iterdir()) == []


def test_no_secret_in_an_argument_a_variable_or_a_temporary_file_of_sops(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    away = tmp_path_factory.mktemp("away")
    (away / "needles").write_text(f"{PLAIN}\nother-5b1d\n", encoding="utf-8")
    spy = script(
        away,
        f'printf "%s\\n" "$@" >> {away}/arguments\nenv >> {away}/variables\n'
        f'grep -rlF -f {away}/needles {repository.parent} >> {away}/leaks\nexec {sops.find()} "$@"',
    )
    initialised(repository, spy)
    set_value(repository, catalog(), "acceptance", OIDC, OTHER, program=spy)
    rotate(repository, catalog(), "acceptance", program=spy)
    assert check(repository, catalog(), program=spy).problems == ()
    assert (away / "leaks").read_text() == ""
    told = (away / "arguments").read_text() + (away / "variables").read_text()
    secrets = [PLAIN, "other-5b1d", "AGE-SECRET-KEY", *filter(None, values(repository).values())]
    assert [text for text in secrets if text in told] == []
    assert "encrypt" in told


def test_init_can_be_repeated(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    initialised(repository)
    before = everything(repository.parent)
    (made,) = init(repository, catalog(), sources=ValueSources())
    assert (made.new_key, made.files) == (False, ())
    assert everything(repository.parent) == before
    assert initialised(repository).files == ()
    monkeypatch.setenv("GIVEN", OTHER)
    with pytest.raises(UsageError, match="has another value already; change it with `signalen secrets set`") as error:
        initialised(repository)
    assert "5b1d" not in str(error.value)
    assert everything(repository.parent) == before


def test_init_adds_what_a_change_of_the_form_needs(repository: Path) -> None:
    initialised(repository)
    before = secret_files.read(repository, BACKEND)
    assert before
    with (repository / "municipality.yaml").open("a") as form:
        form.write("sigmax: {enabled: true, server: https://sigmax.example.nl}\n")
    assert rules(check(repository, catalog())) == ["secret-missing"]
    (made,) = init(repository, catalog(), sources=ValueSources(variables={"SIGMAX_AUTH_TOKEN": "GIVEN"}))
    assert made.keys == {"signalen-backend-secrets/SIGMAX_AUTH_TOKEN": "as given"}
    assert check(repository, catalog()) == SecretsReport((), ())
    after = dict(secret_files.read(repository, BACKEND).values())  # type: ignore[union-attr]
    assert {place: after[place] for place, _ in before.values()} == dict(before.values())


def test_all_that_is_missing_is_said_at_once(repository: Path) -> None:
    with (repository / "municipality.yaml").open("a") as form:
        form.write("sigmax: {enabled: true, server: https://sigmax.example.nl}\n")
    before = everything(repository.parent)
    with pytest.raises(UsageError, match=r"(?s)--from-file KEY=PATH.*OIDC_RP_CLIENT_SECRET.*SIGMAX_AUTH_TOKEN"):
        init(repository, catalog(), sources=ValueSources())
    assert everything(repository.parent) == before


def test_a_service_elsewhere_has_a_password_that_a_person_knows(repository: Path) -> None:
    with (repository / "municipality.yaml").open("a") as form:
        form.write("database: {host: db.example.nl}\nqueue: {host: mq.example.nl}\n")
    with pytest.raises(UsageError, match=r"(?s)DATABASE_PASSWORD.*RABBITMQ_PASSWORD"):
        init(repository, catalog(), sources=given())


def test_an_own_rule_of_a_person_stays(repository: Path) -> None:
    other = "# ours\ncreation_rules:\n- path_regex: ^other/  # mine\n  age: >-\n    " + STRANGER + "\n"
    (repository / ".sops.yaml").write_text(other)
    initialised(repository)
    text = (repository / ".sops.yaml").read_text()
    assert text.startswith("# ours\ncreation_rules:\n- path_regex: ^secrets/acceptance/")
    assert text.endswith(other.partition("creation_rules:\n")[2])
    assert check(repository, catalog()).problems == ()


# What goes wrong with SOPS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cat >&2; exit 1", "sops failed on .*not shown"),
        ("kill -9 $$", "killed by SIGKILL"),
        ("cat", "was not written"),
        ("echo 'metadata: {}'", "was not written"),
    ],
)
def test_a_failing_sops_leaves_nothing_behind(repository: Path, text: str, message: str) -> None:
    before = everything(repository.parent)
    program = script(repository.parent / "tmp", text)
    with pytest.raises(UsageError, match=message) as error:
        initialised(repository, program)
    assert PLAIN not in str(error.value)
    Path(program).unlink()
    assert everything(repository.parent) == before


def test_a_sops_that_fails_half_way_leaves_nothing_behind(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    away = tmp_path_factory.mktemp("away")
    failing = script(away, f'[ -e {away}/once ] && exit 1\ntouch {away}/once\nexec {sops.find()} "$@"')
    before = everything(repository.parent)
    with pytest.raises(UsageError, match="sops failed"):
        initialised(repository, failing)
    assert everything(repository.parent) == before
    initialised(repository)
    before = everything(repository.parent)
    with pytest.raises(UsageError, match="sops failed"):
        set_value(repository, catalog(), "acceptance", "SECRET_KEY", OTHER, program=failing)
    with pytest.raises(UsageError, match="sops failed"):
        rotate_recipients(repository, catalog(), "acceptance", new_key=True, program=failing)
    assert everything(repository.parent) == before


def test_a_missing_sops(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--sops names /none, and there is no such program"):
        initialised(repository, "/none")
    monkeypatch.setattr(sops, "_installed", lambda: iter(()))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match=r"install it with pip install 'signalen-toolkit\[secrets\]'"):
        initialised(repository)


# set, rotate


def test_set_changes_one_value_and_what_follows_it(repository: Path) -> None:
    initialised(repository)
    other = OTHER.translate({ord(sign): "x" for sign in "/?#[]%"})  # it stands in an address
    before = {path: dict(secret_files.read(repository, path).values()) for path in (BACKEND, RABBITMQ)}  # type: ignore[union-attr]
    done = set_value(repository, catalog(), "acceptance", "RABBITMQ_PASSWORD", other)
    changed = done.keys
    assert changed == (
        "signalen-backend-secrets/RABBITMQ_PASSWORD",
        "signalen-backend-rabbitmq-secrets/rabbitmq-password",
    )
    # The queue in the cluster keeps the old one until it is told, whoever chose the new one.
    assert any("change_password" in line for line in done.orders)
    assert {values(repository)[key] for key in changed} == {other}
    for path, old in before.items():
        new = dict(secret_files.read(repository, path).values())  # type: ignore[union-attr]
        assert len([place for place in old if new[place] != old[place]]) == 1
    assert check(repository, catalog()).problems == ()


@pytest.mark.parametrize(
    ("environment", "key", "value", "message"),
    [
        ("acceptence", OIDC, "x", "did you mean 'acceptance'"),
        ("acceptance", "OIDC_RP_CLIENT_SECRT", "x", "did you mean 'OIDC_RP_CLIENT_SECRET'"),
        ("acceptance", "rabbitmq-password", "x", "has the value of signalen-backend-secrets/RABBITMQ_PASSWORD"),
        ("acceptance", "SECRET_KEY", "change-to-something-secret", "everybody knows it"),
        ("acceptance", OIDC, "", "is empty"),
    ],
)
def test_set_refuses(repository: Path, environment: str, key: str, value: str, message: str) -> None:
    initialised(repository)
    before = everything(repository)
    with pytest.raises(UsageError, match=message):
        set_value(repository, catalog(), environment, key, value)
    assert everything(repository) == before


def test_set_before_init(repository: Path) -> None:
    with pytest.raises(UsageError, match="is not there; `signalen secrets init acceptance`"):
        set_value(repository, catalog(), "acceptance", OIDC, "x")


def test_without_the_private_key_values_stay_closed(repository: Path) -> None:
    made = initialised(repository)
    made.key_file.rename(made.key_file.with_name("away"))
    with pytest.raises(UsageError, match=r"put the private key in .*acceptance\.txt"):
        set_value(repository, catalog(), "acceptance", OIDC, "x")
    assert check(repository, catalog()) == SecretsReport((), ("acceptance",))


def test_rotate_leaves_out_what_a_service_keeps_unless_asked(repository: Path) -> None:
    initialised(repository)
    before = values(repository)
    done = rotate(repository, catalog(), "acceptance")
    assert done.left_out == ("signalen-backend-secrets/DATABASE_PASSWORD", "signalen-backend-secrets/RABBITMQ_PASSWORD")
    after = values(repository)
    for key in (*done.left_out, "signalen-backend-postgresql-secrets/postgres-password"):
        assert after[key] == before[key]
    assert not any("exec" in line for line in done.orders)
    asked = rotate(repository, catalog(), "acceptance", ["DATABASE_PASSWORD"])
    assert asked.changed == (
        "signalen-backend-secrets/DATABASE_PASSWORD",
        "signalen-backend-postgresql-secrets/postgres-password",
    )
    said = "\n".join(asked.orders)
    # The password in the service between the Secret and the start of what reads it, and the service itself last.
    places = [said.index(part) for part in ("--watch", "ALTER USER", " deployment\n")]
    assert places == sorted(places)
    assert said.endswith(
        "kubectl rollout restart --namespace signalen-acceptance statefulset/signalen-backend-postgresql"
    )
    subprocess.run(["bash", "-n"], input="\n".join(x for x in asked.orders if x[0] == " "), text=True, check=True)


def test_rotate_gives_new_random_values(repository: Path) -> None:
    made = initialised(repository)
    before = values(repository)
    changed = rotate(repository, catalog(), "acceptance", services=True).changed
    after = values(repository)
    assert {key for key, origin in made.keys.items() if origin == "random"} < set(changed)
    assert {key for key in after if after[key] != before[key]} == set(changed)
    one = rotate(repository, catalog(), "acceptance", ["SECRET_KEY"])
    assert one.changed == ("signalen-backend-secrets/SECRET_KEY",)
    assert one.orders[-1] == "     kubectl rollout restart --namespace signalen-acceptance deployment"
    with pytest.raises(UsageError, match="is not random"):
        rotate(repository, catalog(), "acceptance", [OIDC])
    assert check(repository, catalog()).problems == ()


def test_a_new_key_takes_the_place_of_the_old_one(repository: Path) -> None:
    made = initialised(repository)
    (old,) = age_keys.publics(made.key_file)
    before = values(repository)
    changed = rotate_recipients(repository, catalog(), "acceptance", new_key=True, add=[STRANGER])
    assert age_keys.publics(made.key_file)[0] == old
    assert set(changed.recipients) == {STRANGER, age_keys.publics(made.key_file)[1]}
    assert stat.S_IMODE(made.key_file.stat().st_mode) == 0o600
    assert old not in (repository / BACKEND).read_text()
    assert values(repository) == before
    assert check(repository, catalog()).problems == ()


@pytest.mark.parametrize(
    ("add", "remove", "message"),
    [
        (["age1x"], [], "is no public age key"),
        (["AGE-SECRET-KEY-1" + "Q" * 58], [], "that is a private key"),
        ([], [STRANGER], "is no recipient of acceptance"),
    ],
)
def test_recipients_that_are_none(repository: Path, add: Sequence[str], remove: Sequence[str], message: str) -> None:
    initialised(repository)
    with pytest.raises(UsageError, match=message) as error:
        rotate_recipients(repository, catalog(), "acceptance", add=add, remove=remove)
    assert "QQQ" not in str(error.value)


def test_somebody_can_always_read(repository: Path) -> None:
    made = initialised(repository)
    with pytest.raises(UsageError, match="nobody could read"):
        rotate_recipients(repository, catalog(), "acceptance", remove=age_keys.publics(made.key_file))


# edit


def test_edit_keeps_plain_text_in_memory(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    initialised(repository)
    log = repository.parent / "home" / "log"
    seen = f'dirname "$1" > {log}; stat -c %a "$(dirname "$(dirname "$1")")" >> {log}'
    monkeypatch.setenv("EDITOR", script(repository.parent / "home", f'{seen}; sed -i s/{PLAIN}/edited/ "$1"'))
    try:
        changed = edit(repository, catalog(), "acceptance", "signalen-backend-secrets")
    except UsageError as error:
        assert "no folder in memory" in str(error)
        pytest.skip(str(error))
    assert changed
    assert values(repository)[OIDC] == "edited"
    folder, mode = log.read_text().splitlines()
    assert folder.startswith(("/dev/shm/", os.environ.get("XDG_RUNTIME_DIR") or "/dev/shm/"))  # noqa: S108
    assert mode == "700"
    assert not Path(folder).exists()
    assert files_with(repository.parent, "edited") == [repository.parent / "home" / "program"]
    assert stat.S_IMODE((repository / BACKEND).stat().st_mode) == 0o644
    assert check(repository, catalog()).problems == ()


def test_an_edit_without_a_change_writes_nothing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    initialised(repository)
    before = everything(repository)
    monkeypatch.setenv("EDITOR", "true")
    assert not edit(repository, catalog(), "acceptance", "signalen-backend-secrets")
    monkeypatch.setenv("EDITOR", "false")
    with pytest.raises(UsageError, match="nothing was changed"):
        edit(repository, catalog(), "acceptance", "signalen-backend-secrets")
    with pytest.raises(UsageError, match="did you mean 'signalen-backend-secrets'"):
        edit(repository, catalog(), "acceptance", "signalen-backend-secret")
    assert everything(repository) == before


def test_others_may_work_while_an_editor_is_open_and_what_they_wrote_is_kept(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    initialised(repository)
    written: list[bytes] = []

    def while_open(*_: object) -> bool:
        with files.alone(repository):  # for ever, if we had the turn
            (repository / BACKEND).write_bytes((repository / BACKEND).read_bytes() + b"# theirs\n")
        written.append((repository / BACKEND).read_bytes())
        return sops_edit(*_)  # type: ignore[arg-type]

    sops_edit = Sops.edit
    monkeypatch.setattr(Sops, "edit", while_open)
    monkeypatch.setattr("signalen_toolkit.secrets.rotation._in_memory", lambda folder: True)
    monkeypatch.setenv("EDITOR", script(repository.parent / "home", f'sed -i s/{PLAIN}/edited/ "$1"'))
    with pytest.raises(UsageError, match="changed in the meantime"):
        edit(repository, catalog(), "acceptance", "signalen-backend-secrets")
    assert (repository / BACKEND).read_bytes() == written[0]


def test_no_edit_where_there_is_no_memory(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    initialised(repository)
    monkeypatch.setattr("signalen_toolkit.secrets.rotation._in_memory", lambda folder: False)
    with pytest.raises(UsageError, match="signalen secrets set"):
        edit(repository, catalog(), "acceptance", "signalen-backend-secrets")


# check


def changed_text(repository: Path, path: str, old: str, new: str) -> None:
    text = (repository / path).read_text()
    assert old in text
    (repository / path).write_text(text.replace(old, new, 1))


def test_check_before_init(repository: Path) -> None:
    report = check(repository, catalog())
    assert rules(report) == ["secret-recipients", "secret-missing", "secret-missing", "secret-missing"]
    assert {problem.file for problem in report.problems} >= {".sops.yaml", BACKEND, RABBITMQ}


def test_check_sees_plain_text_and_does_not_show_it(repository: Path) -> None:
    initialised(repository)
    text = secret_files.secret_text("signalen-backend-secrets", "signalen-acceptance", {"SECRET_KEY": PLAIN}, {})
    (repository / BACKEND).write_text(text)
    (repository / "secrets/acceptance/extra.yaml").write_text(text)
    (repository / "secrets/notes.txt").write_text(PLAIN)
    found = check(repository, catalog()).problems
    assert PLAIN not in str(found)
    places = [
        (problem.file, problem.line, problem.column) for problem in found if problem.rule == "secret-not-encrypted"
    ]
    line = text.splitlines().index(f"  SECRET_KEY: {PLAIN}") + 1
    assert (BACKEND, line, 3) in places
    assert ("secrets/acceptance/extra.yaml", line, 3) in places
    assert "secrets/notes.txt" in [problem.file for problem in found]


@pytest.mark.parametrize("text", [f"a: [{PLAIN}", f"{PLAIN}", f"- {PLAIN}", "", f"\t{PLAIN}: {{"])
def test_check_of_a_file_that_is_something_else(repository: Path, text: str) -> None:
    initialised(repository)
    (repository / BACKEND).write_text(text)
    found = check(repository, catalog()).problems
    assert [problem.rule for problem in found] == ["secret-file"]
    assert PLAIN not in str(found)
    with pytest.raises(UsageError) as error:
        init(repository, catalog(), sources=ValueSources())
    assert PLAIN not in str(error.value)


@pytest.mark.parametrize("age", ["5", "x", "{a: b}", "[1, x, {}]", "null"])
def test_check_of_recipients_that_are_none(repository: Path, age: str) -> None:
    initialised(repository)
    text = (repository / BACKEND).read_text()
    begin, end = text.index("    age:\n"), text.index("    lastmodified:")
    (repository / BACKEND).write_text(f"{text[:begin]}    age: {age}\n{text[end:]}")
    assert "secret-recipients" in rules(check(repository, catalog()))


def test_check_sees_another_namespace_and_tampering(repository: Path) -> None:
    initialised(repository)
    changed_text(repository, BACKEND, "namespace: signalen-acceptance", "namespace: elsewhere")
    (found,) = check(repository, catalog()).problems
    assert (found.rule, found.line) == ("secret-file", 5)
    changed_text(repository, BACKEND, "namespace: elsewhere", "namespace: signalen-acceptance")
    changed_text(repository, BACKEND, "type: Opaque", "type: Other")
    (found,) = check(repository, catalog()).problems
    assert (found.rule, "changed by hand" in found.message) == ("secret-unreadable", True)


def test_check_sees_other_recipients(repository: Path) -> None:
    initialised(repository)
    config = sops_config.with_recipients(repository, BACKEND, [STRANGER])
    (repository / ".sops.yaml").write_text(config)
    report = check(repository, catalog())
    assert rules(report) == ["secret-recipients"] * 3
    assert f"{STRANGER} is missing" in report.problems[0].message


def test_check_sees_a_published_value_and_values_that_differ(repository: Path) -> None:
    made = initialised(repository)
    program = sops.Sops(repository, made.key_file, sops.find())
    program.set(repository / BACKEND, ("stringData", "SECRET_KEY"), "Insecure")
    program.set(repository / RABBITMQ, ("stringData", "rabbitmq-password"), PLAIN)
    report = check(repository, catalog())
    assert sorted(rules(report)) == ["secret-default", "secret-differs"]
    lines = {problem.rule: (problem.file, problem.line, problem.column) for problem in report.problems}
    text = (repository / BACKEND).read_text().splitlines()
    assert lines["secret-default"] == (BACKEND, 1 + [line[:14] for line in text].index("    SECRET_KEY"), 5)
    assert PLAIN not in str(report)


def test_check_sees_an_empty_value(repository: Path) -> None:
    made = initialised(repository)
    sops.Sops(repository, made.key_file, sops.find()).set(repository / BACKEND, ("stringData", "SECRET_KEY"), "")
    assert [(p.rule, p.message) for p in check(repository, catalog()).problems] == [
        ("secret-missing", "the key SECRET_KEY is empty")
    ]


def test_check_sees_a_private_key(repository: Path) -> None:
    made = initialised(repository)
    private = made.key_file.read_text()
    (repository / "keys.txt").write_text(private)
    (found,) = check(repository, catalog()).problems
    assert (found.file, found.line, found.column) == ("keys.txt", 4, 1)
    assert age_keys.PRIVATE.findall(private)[0] not in str(found)


def test_check_without_sops(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook runs without the extra: what stands in the files is looked at, what they hold is not."""
    made = initialised(repository)
    monkeypatch.setattr(sops, "_installed", lambda: iter(()))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="sops is missing"):
        check(repository, catalog())
    assert check(repository, catalog(), decrypt=False) == SecretsReport((), ())
    made.key_file.unlink()
    assert check(repository, catalog()) == SecretsReport((), ("acceptance",))


def test_one_value_from_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(b"abc\n")
    assert secret_values.obtain("K", tmp_path / "value") == "abc"
    with (tmp_path / "value").open(encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert secret_values.obtain("K", None) == "abc"


def test_a_provider_without_files(repository: Path) -> None:
    with (repository / "municipality.yaml").open("a") as form:
        form.write("secrets: {provider: existing}\n")
    assert check(repository, catalog()) == SecretsReport((), ())
    for work in (
        lambda: init(repository, catalog(), sources=ValueSources()),
        lambda: set_value(repository, catalog(), "acceptance", OIDC, "x"),
    ):
        with pytest.raises(UsageError, match=r"'secrets\.provider' is"):
            work()


# Where values come from


def test_a_value_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(b" a\nb \r\n")
    assert secret_values.from_file(tmp_path / "value", "K") == " a\nb "
    for data in (b"\xffsecret", b"secret\0", b"x" * 300_000):
        (tmp_path / "value").write_bytes(data)
        with pytest.raises(UsageError, match="the value of K") as error:
            secret_values.from_file(tmp_path / "value", "K")
        assert "secret" not in str(error.value)
    with pytest.raises(UsageError, match="No such file"):
        secret_values.from_file(tmp_path / "none", "K")
    with pytest.raises(UsageError, match="NONE_SUCH, which is not set"):
        secret_values.from_variable("NONE_SUCH", "K")


def test_arguments_that_say_where_a_value_is() -> None:
    assert pairs(["A=x", "s/B=y=z"], "--from-file") == {"A": "x", "s/B": "y=z"}
    for wrong in (["A"], ["=x"], ["A="], ["A=1", "A=2"]):
        with pytest.raises(UsageError):
            pairs(wrong, "--from-env")
    with pytest.raises(UsageError, match="nobody can be asked"):
        secret_values.ask("K", "a key")


def test_values_are_of_one_environment(repository: Path) -> None:
    text = (repository / "municipality.yaml").read_text()
    (repository / "municipality.yaml").write_text(text + "  production: {domain: meldingen.utrecht.nl}\n")
    with pytest.raises(UsageError, match="name one"):
        init(repository, catalog(), sources=given())
    for name in ("acceptance", "production"):
        init(repository, catalog(), [name], sources=given())
    assert check(repository, catalog()).problems == ()
    both = [values(repository, name)["signalen-backend-secrets/SECRET_KEY"] for name in ("acceptance", "production")]
    assert both[0] != both[1]
    assert len({path.name for path in (repository / "secrets").iterdir()}) == 2


def test_a_person_is_asked(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        with files.alone(repository):  # others may work meanwhile
            asked.append(prompt)
        return PLAIN

    monkeypatch.setattr(secret_values, "can_ask", lambda: True)
    monkeypatch.setattr("getpass.getpass", answer)
    init(repository, catalog(), sources=ValueSources(ask=True))
    assert len(asked) == 1
    assert "OIDC_RP_CLIENT_SECRET" in asked[0]
    assert values(repository)[OIDC] == PLAIN


def test_the_program_is_there() -> None:
    assert shutil.which(str(sops.find()))


def test_the_documentation_names_every_key() -> None:
    text = (Path(__file__).parents[2] / "docs" / "secrets.md").read_text(encoding="utf-8")
    for component in catalog().components.values():
        for secret in component.secrets:
            assert f"`{secret.name}`" in text
            assert [key.name for key in secret.keys if f"`{key.name}`" not in text] == []
