"""The hooks, by the real pre-commit program, from a repository that holds this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import hypothesis.strategies as st
import pytest
import yaml as pyyaml
from hypothesis import given, settings
from signalen_toolkit import REPOSITORY, __version__
from signalen_toolkit.base.layout import FORM_FILE
from signalen_toolkit.cli import hooks
from signalen_toolkit.repository import new as scaffold
from signalen_toolkit.secrets import plaintext

from tests.conftest import TESTS
from tests.repository.test_new import given_as
from tests.support.pipelines import git

KEY = "-----BEGIN RSA PRIVATE " + "KEY-----"


def committed(repository: Path, message: str = "change") -> subprocess.CompletedProcess[str]:
    """Commit all that Git knows, as a person does; new files are added by hand."""
    who = ("-c", "user.name=T", "-c", "user.email=t@example.nl", "-c", "commit.gpgSign=false")
    command = ["git", *who, "commit", "--all", "--quiet", "--message", message]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def edit(repository: Path, old: str, new: str) -> None:
    form = repository / FORM_FILE
    text = form.read_text(encoding="utf-8")
    assert old in text
    form.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def toolkit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give this checkout as it is now, as a repository with the tag of its version."""
    copy = tmp_path_factory.mktemp("toolkit") / "signalen-toolkit"
    done = subprocess.run(
        ["git", "-C", TESTS.parent, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("this is no Git checkout")
    for name in done.stdout.split("\0")[:-1]:
        if (TESTS.parent / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TESTS.parent / name, copy / name)
    git(copy.parent, "init", "--quiet", str(copy))
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "--message", "now")
    git(copy, "tag", f"v{__version__}")
    return copy


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which pre-commit keeps the environments of hooks, made once."""
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def repository(tmp_path: Path, toolkit: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a new configuration repository in which pre-commit is installed."""
    pytest.importorskip("pre_commit", reason="pip install pre-commit")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(home))
    for name in [name for name in os.environ if name.startswith(("GIT_", "VIRTUAL_ENV"))]:
        monkeypatch.delenv(name)
    directory = tmp_path / "bosch"
    commit = git(toolkit, "rev-parse", "HEAD")
    source = {"source": "git", "git": {"url": f"{REPOSITORY}.git", "commit": commit}}
    scaffold.new(directory, None, given_as(), ask=False, force=False, git=True, toolkit=source)
    configuration = directory / ".pre-commit-config.yaml"
    text = configuration.read_text(encoding="utf-8")
    assert f"repo: {REPOSITORY}.git\n    rev: {commit} # v{__version__}\n" in text
    configuration.write_text(text.replace(f"{REPOSITORY}.git", str(toolkit)), encoding="utf-8")
    git(directory, "commit", "--quiet", "--all", "--message", "hooks from here")
    subprocess.run([sys.executable, "-m", "pre_commit", "install"], cwd=directory, check=True, capture_output=True)
    return directory


@pytest.mark.parametrize("hook", ["check", "render", "secrets"])
def test_hooks_are_those_of_the_installed_toolkit_where_it_has_hashes(tmp_path: Path, hook: str) -> None:
    scaffold.new(tmp_path / "x", None, given_as(), ask=False, force=False, git=False)
    (repo,) = pyyaml.safe_load((tmp_path / "x/.pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repo["repo"] == "local"
    (found,) = [one for one in repo["hooks"] if one["id"] == f"signalen-{hook}"]
    assert (found["language"], found["entry"]) == ("system", f"signalen hook {hook}")
    published = {
        one["id"]: one
        for one in pyyaml.safe_load((TESTS.parent / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    }
    for key in ("files", "types", "pass_filenames"):
        assert found.get(key) == published[found["id"]].get(key)


@pytest.mark.slow
def test_the_life_of_a_commit(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert git(repository, "status", "--porcelain") == ""

    # A stale tree is rendered again, and that once is refused.
    edit(repository, "073 615 51 55", "073 615 51 56")
    refused = committed(repository)
    assert refused.returncode == 1
    assert "wrote clusters/acceptance/values/signalen-frontend.yaml" in refused.stderr
    assert "git add clusters" in refused.stderr
    assert committed(repository).returncode == 0
    assert git(repository, "status", "--porcelain") == ""
    assert "clusters/acceptance/values/signalen-frontend.yaml" in git(repository, "show", "--stat", "HEAD")

    # A mistake is refused where it is.
    edit(repository, "\nenvironments:", "\nenviroments:")
    refused = committed(repository)
    assert refused.returncode == 1
    line = (repository / FORM_FILE).read_text(encoding="utf-8").split("\nenviroments:")[0].count("\n") + 2
    assert f"{FORM_FILE}:{line}:1: error[unknown-key]: 'enviroments' is not a key" in refused.stderr
    edit(repository, "\nenviroments:", "\nenvironments:")

    # New rendered files have to be in the commit.
    with (repository / FORM_FILE).open("a", encoding="utf-8") as form:
        form.write("components:\n  mapserver: {enabled: true}\n")
    assert "wrote clusters/acceptance/values/signalen-mapserver.yaml" in committed(repository).stderr
    refused = committed(repository)
    assert refused.returncode == 1
    assert "clusters/acceptance/values/signalen-mapserver.yaml is not in the commit" in refused.stderr
    git(repository, "add", "--all")
    assert committed(repository).returncode == 0

    # No secret gets in.
    (repository / "secrets").mkdir()
    (repository / "secrets/backend.yaml").write_text("kind: Secret\nstringData:\n  SECRET_KEY: hunter2\n")
    git(repository, "add", "--all")
    refused = committed(repository)
    assert refused.returncode == 1
    assert "secrets/backend.yaml:3:15: error[plain-secret]: 'stringData.SECRET_KEY' is a secret in" in refused.stderr
    assert "hunter2" not in refused.stderr + refused.stdout
    (repository / "secrets/backend.yaml").unlink()
    (repository / "manifests").mkdir()
    (repository / "manifests/from-powershell.yaml").write_bytes(MANIFEST.encode("utf-16"))
    git(repository, "add", "--all")
    refused = committed(repository)
    assert refused.returncode == 1
    assert "manifests/from-powershell.yaml:4:6: error[plain-secret]" in refused.stderr


# --- the hooks themselves

ENCRYPTED = "ENC[AES256_GCM,data:Zm9v,iv:YQ==,tag:YQ==,type:str]"
SOPS = f"\nsops:\n  mac: {ENCRYPTED}\n"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("secrets/a.yaml", f"kind: Secret\nstringData: {{A: '{ENCRYPTED}'}}{SOPS}", []),
        ("secrets/a.yaml", f"kind: Secret\nstringData: {{A: '{ENCRYPTED}', B: x, C: ''}}{SOPS}", [(2, 75)]),
        ("secrets/a.yaml", "kind: Secret\ndata:\n  A: ENC[x]\n", [(3, 6)]),
        ("clusters/a.yaml", "a: b\n---\nkind: Secret\ndata:\n  A: eA==\n", [(5, 6)]),
        ("secrets/acceptance/a.yaml", "password: x\n", [(1, 1)]),
        ("secrets/acceptance/a.yaml", f"password: '{ENCRYPTED}'{SOPS}", []),
        ("secrets/a.yaml", "a: [\n", [(2, 1)]),
        ("a.yaml", "kind: Secret\nx: [\n", []),
        ("secrets/a.json", '{"password": "x"}', [(1, 1)]),
        ("secrets/a.env", "A=x\n", [(1, 1)]),
        ("secrets/a.env", f"A={ENCRYPTED}\nsops_mac={ENCRYPTED}\n", []),
        ("secrets/README.md", "How we do this", []),
        ("secrets/kustomization.yaml", "kind: Kustomization\nresources: [a.yaml]\n", []),
        ("secrets/.sops.yaml", "creation_rules: []\n", []),
        ("notes.txt", f"see:\n  {KEY}\n", [(2, 3)]),
        ("keys.txt", "# public key: age1x\nAGE-SECRET-KEY-1" + "Q" * 58, [(2, 1)]),
        ("values.yaml", "password: x\n", []),
        ("a.json", '{"kind": "Secret", "data": {"A": "eA=="}}', [(1, 34)]),
        ("values.yaml", "", []),
        ("secrets/x.yaml", "\x00\ufffe", [(1, 1)]),
        ("secrets/x.yaml", "? [a]\n: Secret\n", [(1, 1)]),
        ("secrets/x.yaml", "[" * 600, [(1, 101)]),
        ("secrets/x.yaml", "kind: Secret\ndata: &a\n  b: *a\n  c: [x]\n", [(4, 7)]),
    ],
)
def test_plain_secrets_in_other_files_are_found(name: str, text: str, found: list[tuple[int, int]]) -> None:
    problems = list(plaintext.problems(name, text.encode("utf-8", "surrogatepass")))
    assert [(problem.line, problem.column) for problem in problems] == found
    assert {(problem.file, problem.rule) for problem in problems} <= {(name, "plain-secret")}
    assert not any(problem.source for problem in problems)


MANIFEST = "apiVersion: v1\nkind: Secret\nstringData:\n  A: hunter2\n"
INDENTED = MANIFEST.replace("\n", "\n    ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "kind: >-\n  Secret\ndata: {a: b}\n"),
        ("a.yaml", "kind: !!str Secret\ndata: {a: b}\n"),
        ("a.yaml", "kind: ! Secret\ndata: {a: b}\n"),
        ("a.yaml", "kind: &kind Secret\ndata: {a: b}\n"),
        ("a.yaml", "x: &kind Secret\n---\nx: &kind Secret\nkind: *kind\ndata: {a: b}\n"),
        ("a.yaml", "base: &base {kind: Secret}\nmade: {<<: *base, data: {a: b}}\n"),
        ("a.yaml", "base: &base {data: {a: b}}\nmade: {<<: [*base], kind: Secret}\n"),
        ("a.yaml", "? kind\n: Secret\n? data\n: {a: b}\n"),
        ("a.yaml", '"kind": "\\x53ecret"\ndata: {a: b}\n'),
        ("a.json", '{"k\\u0069nd": "Secr\\u0065t", "data": {"a": "b"}}'),
        ("a.yaml", "kind: Secret\ndata: !!binary aHVudGVyMg==\n"),
        ("a.yaml", "kind: List\nitems:\n- {kind: Secret, data: {a: b}}\n"),
        ("a.yaml", "kind: List\nitems:\n- kind: List\n  items: [{kind: Secret, data: {a: b}}]\n"),
        ("a.yaml", "kind: SecretList\nitems:\n- {metadata: {name: x}, data: {a: b}}\n"),
        ("a.json", '[{"kind": "Secret", "data": {"a": "b"}}]'),
        ("a.yaml", f"kind: ConfigMap\ndata:\n  x.yaml: |\n    {INDENTED}"),
        ("a.yaml", "kind: HelmRelease\nspec: {values: {extraObjects: [{kind: Secret, stringData: {a: b}}]}}\n"),
        ("kustomization.yaml", "secretGenerator:\n- name: x\n  literals: [A=hunter2]\n"),
        ("kustomization.yaml", "kind: Kustomization\nsecretGenerator: [{literals: ['A=\"hunter2\"']}]\n"),
        ("kustomization.yaml", "configMapGenerator:\n- literals: [DATABASE_PASSWORD=hunter2]\n"),
        ("kustomization.yaml", f"patches:\n- patch: |-\n    {INDENTED}"),
        (
            "kustomization.yaml",
            "patches:\n- target: {kind: Secret}\n  patch: |-\n    - {op: add, path: /stringData/A, value: hunter2}\n",
        ),
        ("secret.txt", MANIFEST),
        ("a.yaml", f"\t{MANIFEST}"),
        ("azure.txt", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=aHVudGVyMg=="),
        ("notes", "glpat-" + "x" * 20),
    ],
)
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "crlf"], ids=lambda name: name
)
def test_a_secret_is_found_however_it_is_written(name: str, text: str, encoding: str) -> None:
    if encoding == "crlf":
        content = text.replace("\n", "\r\n").encode()
    else:
        mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") and len(text) % 2 else ""
        content = f"{mark}{text}".encode(encoding)
    found = list(plaintext.problems(name, content))
    assert found
    assert all(problem.rule == "plain-secret" for problem in found)
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", f"kind: List\nitems: [{{kind: Secret, data: {{a: '{ENCRYPTED}'}}}}]\n"),
        ("kustomization.yaml", "secretGenerator:\n- name: x\n  envs: [x.env]\n"),
        ("kustomization.yaml", "configMapGenerator:\n- literals: [DATABASE_HOST=db]\n"),
        (
            "kustomization.yaml",
            "patches:\n- target: {kind: Secret}\n  patch: '- {op: remove, path: /metadata/labels}'\n",
        ),
        ("a.yaml", "spec: {secretRef: {kind: Secret, name: x}}\n"),
        ("a.yaml", "kind: ExternalSecret\nspec: {data: [{secretKey: x}]}\n"),
        ("chart/templates/secret.tpl", "{{ if .Values.secret }}\nkind: Secret\n{{ end }}\n"),
        ("README.md", MANIFEST),
        ("logo.png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR kind: Secret"),
        ("notes.txt", "see https://user:password@example.nl"),
    ],
)
def test_what_is_no_plain_secret_is_let_through(name: str, text: str) -> None:
    assert list(plaintext.problems(name, text.encode("latin-1"))) == []


def test_files_of_which_kustomize_makes_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "manifests"
    folder.mkdir()
    text = "secretGenerator:\n- {name: x, envs: [a.env], files: [key=b.bin, c], env: d.env}\n"
    (folder / "kustomization.yaml").write_text(text)
    assert plaintext.generated_from(text.encode()) == ["d.env", "b.bin", "c", "a.env"]
    assert hooks.main(["secrets", "manifests/kustomization.yaml"]) == 0
    for name in ("a.env", "b.bin"):
        (folder / name).write_text("A=hunter2\n")
    assert hooks.main(["secrets", "manifests/kustomization.yaml"]) == 1
    out = capsys.readouterr().out
    assert "kustomize makes a Secret of a.env" in out
    assert "kustomize makes a Secret of b.bin" in out
    assert "hunter2" not in out
    for name in ("a.env", "b.bin"):
        (folder / name).write_text(f"A={ENCRYPTED}\nsops_mac={ENCRYPTED}\n")
    assert hooks.main(["secrets", "manifests/kustomization.yaml"]) == 0


def test_a_form_that_cannot_be_read_is_not_called_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    form = tmp_path / FORM_FILE
    form.write_text("overrides: {backend: {env: {DATABASE_PASSWORD: hunter2: x\n", encoding="utf-8")
    assert hooks.main(["secrets", FORM_FILE]) == 1
    form.write_text(f"# {KEY}\nenvironments: {{a: {{domain: x.nl}}}}\n", encoding="utf-8")
    assert hooks.main(["secrets", FORM_FILE]) == 1
    out = capsys.readouterr().out
    assert f"{FORM_FILE}:1:3: error[plain-secret]: this is a private key" in out
    assert "hunter2" not in out


@settings(deadline=None)
@given(
    text=st.text()
    | st.lists(st.sampled_from(["kind: Secret\n", "data:", " ", "\n", "- ", "&a", "*a", "{", "]", "x"])).map("".join)
)
def test_no_file_is_a_traceback(text: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    assert all(one.line >= 1 for name in ("secrets/a.yaml", "a.yaml") for one in plaintext.problems(name, content))


def test_a_secret_in_the_form_is_found_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    scaffold.new(tmp_path / "x", None, given_as(), ask=False, force=False, git=False)
    files = [str(path.relative_to(tmp_path)) for path in sorted((tmp_path / "x").rglob("*")) if path.is_file()]
    assert hooks.main(["secrets", *files, "x/none"]) == 0
    assert capsys.readouterr().out == ""
    with (tmp_path / "x" / FORM_FILE).open("a", encoding="utf-8") as form:
        form.write("overrides:\n  backend:\n    env:\n      SECRET_KEY: hunter2hunter2\n")
    assert hooks.main(["secrets", *files]) == 1
    out = capsys.readouterr().out
    assert "error[plain-secret]" in out
    assert "hunter2" not in out


def test_wrong_use_of_a_hook_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert hooks.main([]) == 2
    assert hooks.main(["else"]) == 2
    assert hooks.main(["render"]) == 2
    assert "there is no municipality.yaml" in capsys.readouterr().err
    (tmp_path / FORM_FILE).write_text("nothing: 1\n", encoding="utf-8")
    assert hooks.main(["render"]) == 1
    assert f"{FORM_FILE}:1:1: error[" in capsys.readouterr().out
