"""The commands of docs/managed-services.md, as they stand there, with a true PostgreSQL and PostGIS.

SIGNALEN_POSTGRESQL is how libpq reaches a server as a superuser (`host=/run/postgresql user=postgres`): two databases
and a user are made there, and removed. Debian has it as postgresql and postgresql-<version>-postgis-3. A database that
is named in SIGNALEN_POSTGRESQL_COPY (one of Signalen itself, on that server) is moved as well.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from signalen_toolkit.base.paths import CHECKOUT
from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.diagnostics.problems import has_errors
from signalen_toolkit.documents.machine import load as read_yaml
from signalen_toolkit.form.config import build
from signalen_toolkit.form.municipalities import by_code
from signalen_toolkit.form.volumes import volumes
from signalen_toolkit.rendering.render import needed_secrets
from signalen_toolkit.validation.check import check_file

from tests.conftest import FORMS
from tests.support.rendered import as_text, minimal_form, quick, tree_of, write_assets

TEXT = (CHECKOUT / "docs" / "managed-services.md").read_text(encoding="utf-8")
SERVER = os.environ.get("SIGNALEN_POSTGRESQL", "")
COPIED = [name for name in [os.environ.get("SIGNALEN_POSTGRESQL_COPY", "")] if name]
PASSWORD = f"p '\"$#@{secrets.token_hex(8)}"  # hard to quote
FILLED = """
CREATE EXTENSION postgis;
CREATE TABLE signals_location (id serial PRIMARY KEY, geometrie geometry(Point, 4326) NOT NULL, note text);
CREATE INDEX ON signals_location USING gist (geometrie);
INSERT INTO signals_location (geometrie, note)
  SELECT ST_SetSRID(ST_MakePoint(5.3 + n / 1000.0, 51.69), 4326), 'één ☂ ' || n FROM generate_series(1, 500) n;
CREATE TABLE signals_signal (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, location int REFERENCES signals_location);
INSERT INTO signals_signal (location) SELECT id FROM signals_location;
CREATE VIEW public_signals AS
  SELECT s.id, l.geometrie FROM signals_signal s JOIN signals_location l ON l.id = s.location;
COMMENT ON TABLE signals_signal IS 'reports';
CREATE TABLE empty_one (id bigserial);
"""


def blocks(heading: str, language: str = "sh") -> list[str]:
    """Return the code below a heading of the runbook, up to the next one."""
    section = re.split(r"\n#{2,3} ", TEXT.split(f"\n### {heading}\n")[1])[0]
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", section, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]


def sql(text: str, database: str = "postgres", **variables: str) -> str:
    given = [f"--set={name}={value}" for name, value in variables.items()]
    options = ["--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", *given]
    command = ["psql", *options, f"{SERVER} dbname={database}"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass
class Move:
    """Two databases, and the folder that stands for the volume of the pod; `small` is the one that is made here."""

    here: str
    there: str
    folder: Path
    small: bool

    def run(self, *commands: str) -> subprocess.CompletedProcess[str]:
        """Run commands of the runbook as in the pod, whose variables lead to `here`."""
        server = dict(part.split("=", 1) for part in SERVER.split())
        place = " ".join(f"{key}={value}" for key, value in server.items() if key in ("host", "port"))
        there = f'there="{place} dbname={self.there} user={self.there}"'
        text, count = re.subn(r'^there=".*"$', there, "\n".join(commands), flags=re.MULTILINE)
        assert count == 1
        text = text.replace("/backup/", f"{self.folder}/").replace("/dev/shm/", f"{self.folder}/")  # noqa: S108
        variables = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
        own = {variables[key]: value for key, value in server.items() if key in variables}
        environment = {**os.environ, **own, "PGDATABASE": self.here}
        return subprocess.run(
            ["bash", "-c", text], input=f"{PASSWORD}\n", capture_output=True, text=True, check=False, env=environment
        )


@pytest.fixture(params=["", *COPIED], ids=lambda name: name or "small")
def move(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Move]:
    """Give a database of a superuser, as in the cluster, and an empty one of a user without other rights, elsewhere."""
    if not SERVER:
        pytest.skip("give a server in SIGNALEN_POSTGRESQL: host=/run/postgresql user=postgres, for a superuser")
    for program in ("psql", "pg_dump", "pg_restore", "bash"):
        assert shutil.which(program), program
    here, there = (f"signalen_{secrets.token_hex(4)}_{end}" for end in ("here", "there"))
    (code,) = blocks("What the server has to be", "sql")
    code = code.replace("\\password signalen", "ALTER ROLE signalen PASSWORD :'new';").replace("signalen", there)
    try:
        sql(f"CREATE DATABASE {here} TEMPLATE {request.param or 'template0'}")
        if not request.param:
            sql(FILLED, here)
        sql(code, new=PASSWORD)
        yield Move(here, there, tmp_path, small=not request.param)
    finally:
        for database in (here, there):
            sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        sql(f"DROP ROLE IF EXISTS {there}")


def moved(done: subprocess.CompletedProcess[str]) -> bool:
    lines = done.stdout.splitlines()
    return done.returncode == 0 and [word for word in ("whole", "copied", "the same") if word not in lines] == []


@pytest.mark.upstream
def test_a_database_goes_elsewhere_and_comes_back(move: Move) -> None:
    dump, restore, compare, _ = blocks("To a server elsewhere")
    done = move.run(dump, restore, compare)
    assert moved(done), done.stdout + done.stderr
    count = sql("SELECT count(*) FROM signals_signal", move.here)
    assert int(count) > 0
    assert sql("SELECT count(*) FROM signals_signal", move.there) == count
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"
    assert sql(owners, move.there) == move.there
    if move.small:  # reports go on elsewhere, and the next number is free
        sql("INSERT INTO signals_location (geometrie) VALUES ('SRID=4326;POINT(5.3 51.7)')", move.there)
    points = sql("SELECT count(*), max(id), max(ST_AsText(geometrie)) FROM signals_location", move.there)
    sql(f"DROP DATABASE {move.here} WITH (FORCE)")
    sql(f"CREATE DATABASE {move.here} TEMPLATE template0")
    _, dump, restore = blocks("Back into the cluster")
    done = move.run(dump, restore, compare)
    assert moved(done), done.stdout + done.stderr
    assert sql("SELECT count(*), max(id), max(ST_AsText(geometrie)) FROM signals_location", move.here) == points
    assert sql("SELECT ST_SRID(geometrie) FROM signals_location LIMIT 1", move.here) == "4326"


@pytest.mark.upstream
@pytest.mark.parametrize("fault", ["DELETE FROM empty_one", "SELECT nextval('empty_one_id_seq')"])
def test_a_copy_that_differs_is_seen(move: Move, fault: str) -> None:
    if not move.small:
        pytest.skip("once is enough")
    dump, restore, compare, _ = blocks("To a server elsewhere")
    assert moved(move.run(dump, restore, compare))
    sql("INSERT INTO empty_one SELECT 7", move.here)
    sql(fault, move.there)
    done = move.run(dump.split("pg_dump")[0], compare)
    assert (done.returncode, "the same" in done.stdout) == (1, False)


@pytest.mark.upstream
def test_a_copy_is_all_or_nothing(move: Move) -> None:
    if not move.small:
        pytest.skip("once is enough")
    dump, restore, _, _ = blocks("To a server elsewhere")
    sql(f"SET ROLE {move.there}; CREATE TABLE signals_signal (a int)", move.there)  # in the way
    done = move.run(dump, restore)
    assert "copied" not in done.stdout
    assert sql("SELECT count(*) FROM pg_tables WHERE tablename = 'signals_location'", move.there) == "0"


# What needs neither a server nor a cluster


def test_the_commands_are_right_for_their_shell() -> None:
    found = re.findall(r"^( *)```sh\n(.*?)^ *```", TEXT, re.MULTILINE | re.DOTALL)
    assert len(found) > 10
    for indent, code in found:
        plain = re.sub(rf"^{indent}", "", code, flags=re.MULTILINE)
        subprocess.run(["bash", "-n"], input=plain, text=True, check=True)
        for script in re.findall(r"<<'PYTHON'\n(.*?)^PYTHON$", plain, re.MULTILINE | re.DOTALL):
            compile(script, "script", "exec")


def test_what_is_named_in_the_cluster_is_rendered() -> None:
    municipality = by_code("GM0344")
    assert municipality
    form = minimal_form(municipality)
    tree = tree_of(form)
    config = build(form, catalog())
    claims = {volume.claim for volume in volumes(config.environments[0])}
    named = set(re.findall(r"delete pvc ([a-z0-9-]+)", TEXT))
    assert len(named) == 4
    assert named <= claims
    objects = [obj for path, text in tree.items() if "/manifests/" in path for obj in quick(text) if obj]
    jobs = {obj["metadata"]["name"]: obj for obj in objects if obj["kind"] == "CronJob"}
    (container,) = jobs["signalen-backup-database"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert (container["name"], container["volumeMounts"][0]["mountPath"]) == ("backup", "/backup")
    labels = jobs["signalen-backup-database"]["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] in TEXT
    policies = [obj for obj in objects if obj["kind"] == "NetworkPolicy"]
    own = {"app.kubernetes.io/name": "search-index", "app.kubernetes.io/instance": "signalen-backend"}
    assert any(obj["spec"]["podSelector"].get("matchLabels") == own for obj in policies)
    needs = {secret.name for secret in needed_secrets(config.environments[0], config, catalog())}
    assert set(re.findall(r"secrets/\$ENV/([a-z-]+)\.yaml", TEXT)) < needs


@pytest.mark.parametrize(
    "setting", sorted(set(re.findall(r"`((?:database|queue|search|storage|replicas): \{[^`]*\})`", TEXT)))
)
def test_what_is_written_in_the_form_is_right(setting: str, tmp_path: Path) -> None:
    write_assets(tmp_path)
    form = read_yaml((FORMS / "minimal.yaml").read_text(encoding="utf-8"))
    form["environments"]["acceptance"] |= read_yaml(setting)
    (tmp_path / "municipality.yaml").write_text(as_text(form), encoding="utf-8")
    _, problems = check_file(tmp_path / "municipality.yaml", catalog())
    assert not has_errors(problems), problems
