"""All that can be known of a release before it is one: `make release-check`.

    python .ci/release_check.py [--tag vX.Y.Z] [--out FOLDER]

Builds twice and compares, checks the metadata and the content of the wheel, installs it by hash where nothing else is,
compares the version in all places, and reads publiccode.yml, the documentation and the Containerfile. A program that is
missing is told; in CI it is an error. With --out the sdist, the wheel and their SBOM are kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


class FailedError(Exception):
    """What a release must not have."""


def main(arguments: Sequence[str]) -> int:
    """Run all checks and say what each found; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", help="the tag that is to be released")
    parser.add_argument("--out", type=Path, help="keep what was built in this folder")
    options = parser.parse_args(arguments)
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        dist = options.out.resolve() if options.out else folder / "dist"
        for name, check in (
            ("builds the same bytes twice", lambda: build(dist, folder)),
            ("metadata", lambda: run(BIN / "twine", "check", "--strict", *built(dist))),
            ("content of the wheel", lambda: run(BIN / "check-wheel-contents", *dist.glob("*.whl"))),
            ("versions are one", lambda: versions(options.tag)),
            ("changelog", changelog),
            ("installs by hash, with nothing else", lambda: install(dist, folder)),
            ("contents of the container image", lambda: image(dist, folder)),
            ("SBOM", lambda: sbom(dist, folder)),
            ("publiccode.yml", lambda: run(program("publiccode-parser"), ROOT / "publiccode.yml")),
            ("documentation", lambda: run(BIN / "mkdocs", "build", "--strict", "--quiet", "-d", folder / "site")),
            ("Containerfile", lambda: run(program("hadolint"), ".ci/image/Containerfile")),
        ):
            try:
                said = check()
            except MissingError as error:
                wrong = bool(os.environ.get("CI")) and str(error) != "publiccode-parser"  # which no index has
                failed += wrong
                print(f"{'✗' if wrong else '·'} {name}: not looked at, the program {error} is missing")
            except FailedError as error:
                failed += 1
                print(f"✗ {name}\n{error}")
            else:
                print(f"✓ {name}{f': {said}' if said else ''}")
    return int(failed > 0)


class MissingError(Exception):
    """A program that is not there."""


def program(name: str) -> Path:
    """Find a program in our environment or on the PATH."""
    found = shutil.which(name, path=str(BIN)) or shutil.which(name)
    if not found:
        raise MissingError(name)
    return Path(found)


def run(*command: str | Path, environment: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run a program; what it says is only of interest where it fails."""
    if not Path(command[0]).exists():
        raise MissingError(Path(command[0]).name)
    done = subprocess.run(  # our own words
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise FailedError((done.stdout + done.stderr).strip())
    return ""


def built(dist: Path) -> list[Path]:
    """Return what was built."""
    return sorted([*dist.glob("*.whl"), *dist.glob("*.tar.gz")])


def build(dist: Path, folder: Path) -> str:
    """Build sdist and wheel twice, from two copies of the commit, and keep the first."""
    for number in (1, 2):
        source = folder / f"source-{number}" / "signalen-toolkit"
        copy(source)
        os.utime(source / "pyproject.toml", (number * 1e8, number * 1e8))  # when a file was made must not matter
        target = dist if number == 1 else folder / "again"
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", target, environment=dated(), cwd=source)
    different = [one.name for one in built(dist) if digest(one) != digest(folder / "again" / one.name)]
    if different or len(built(dist)) != 2:
        raise FailedError(
            f"not the same, or not two files: {', '.join(different or [one.name for one in built(dist)])}"
        )
    return ", ".join(f"{one.name} {digest(one)[:12]}" for one in built(dist))


def copy(target: Path) -> None:
    """Copy what Git knows of this checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)


def dated() -> dict[str, str]:
    """Return our variables with the time of the commit as that of the build."""
    time = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {**os.environ, "SOURCE_DATE_EPOCH": time.strip()}


def digest(path: Path) -> str:
    """Return the sha256 of a file; nothing where it is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def versions(tag: str | None) -> str:
    """Compare the version in all places with that of the project."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    found = dict(stated())
    if tag:
        found["the tag"] = tag.removeprefix("v")
    wrong = [f"{place} has {one}" for place, one in found.items() if one != version]
    if wrong:
        raise FailedError(f"pyproject.toml has {version}; {'; '.join(wrong)}")
    return f"{version} in {len(found) + 1} places"


def stated() -> Iterator[tuple[str, str]]:
    """Yield each place that says the version, and what it says."""
    for name, pattern in (
        ("toolkit/signalen_toolkit/__init__.py", r'__version__: Final = "([^"]+)"'),
        ("municipality-template/cookiecutter.json", r'"_version": "([^"]+)"'),
        ("publiccode.yml", r"^softwareVersion: (\S+)"),
        ("CHANGELOG.md", r"^## (\d\S*)"),
    ):
        found = re.search(pattern, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        yield name, found[1] if found else "none"


def changelog() -> str:
    """See that the release has notes."""
    notes = release_notes()
    if not notes:
        raise FailedError("CHANGELOG.md says nothing of this version")
    return f"{len(notes.splitlines())} lines of notes"


def release_notes() -> str:
    """Return what CHANGELOG.md says of the newest version."""
    parts = re.split(r"^## .*$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return parts[1].strip() if len(parts) > 1 else ""


def install(dist: Path, folder: Path) -> str:
    """Install the wheel by its hash into an empty environment, with what its lock names, and onboard a municipality."""
    (wheel,) = dist.glob("*.whl")
    lock = folder / "lock"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(lock)
    sys.path.insert(0, str(lock))
    needed = subprocess.run(
        [sys.executable, "-P", "-m", "signalen_toolkit.installing.lock", "secrets", "verify"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(lock)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    wanted = folder / "requirements.txt"
    own = f"signalen-toolkit @ {wheel.as_uri()} --hash=sha256:{digest(wheel)}"
    wanted.write_text(f"{needed}{own}\n", encoding="utf-8")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    pip = (sys.executable, "-m", "pip", "--python", folder / "venv/bin/python", "install", "--quiet")
    run(*pip, "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", wanted)
    onboard(folder / "venv/bin", folder / "s-hertogenbosch")
    return ""


def onboard(programs: Path, repository: Path) -> None:
    """Make a repository with an installed toolkit, check it and look whether it is as it says."""
    given = (
        "municipality.code=GM0796",
        "contact.phone=073 615 51 55",
        "contact.email=meldingen@s-hertogenbosch.nl",
        "repository.url=https://git.example.nl/s-hertogenbosch/signalen.git",
        "identity={issuer: 'https://id.s-hertogenbosch.nl/realms/signalen', clientId: signalen}",
        "environments.acceptance.domain=s-hertogenbosch.signalen.dev",
    )
    settings = [word for one in given for word in ("--set", one)]
    clean = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(repository.parent), "LANG": "C.UTF-8"}
    signalen = programs / "signalen"
    run(signalen, "new", repository, "--no-input", "--no-git", "--offline", *settings, environment=clean)
    run(signalen, "render", "--check", repository, environment=clean)
    run(signalen, "doctor", environment=clean)


def image(dist: Path, folder: Path) -> str:
    """Run the steps that install the toolkit in the image, in a folder: no container engine is needed for it."""
    (wheel,) = dist.glob("*.whl")
    root = folder / "root/opt/signalen"
    root.parent.mkdir(parents=True)
    run(ROOT / ".ci/image/install", wheel, root, sys.executable)
    for name in ("helm", "sops", "signalen"):
        if not (root / "bin" / name).exists():
            raise FailedError(f"the image has no {name}")
    onboard(root / "bin", folder / "from-image")
    return "installed and started in a folder, without a container engine"


def sbom(dist: Path, folder: Path) -> str:
    """Write a CycloneDX list of what an installed toolkit consists of."""
    target = dist / "signalen-toolkit.cdx.json"
    python = folder / "venv/bin/python"
    options = ("--output-reproducible", "--of", "JSON", "--pyproject", ROOT / "pyproject.toml", "-o", target)
    run(BIN / "cyclonedx-py", "environment", *options, python)
    return f"{len(json.loads(target.read_text(encoding='utf-8'))['components'])} components"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
