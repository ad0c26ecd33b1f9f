"""Write the lock that travels with the toolkit: every package that it needs, in one version, by the hash of each file.

    python .ci/lock.py        needs uv (pip install uv) and the package index

The versions are those of `.ci/constraints.txt`. The lock is PEP 751's (pylock.toml), with the wheels of the platforms
that we serve and nothing that would be built on the spot: what is built asks for packages that have no hash.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "toolkit/signalen_toolkit/data/pylock.toml"
OLDEST = "3.11"
# `build` is no extra of ours: what makes a wheel of a checkout, where the toolkit comes from Git.
EXTRAS = ("build", "fast", "form", "secrets", "verify")
PLATFORMS = re.compile(r"-(any|.*manylinux\S*_(x86_64|aarch64)|macosx_\S+)\.whl$")
PYTHONS = re.compile(r"-(py3|py2\.py3|cp3\d+-abi3|cp31[1-4]-cp31[1-4])-")


def main() -> None:
    """Write the lock."""
    base = compiled()
    packages = {name: (package, set[str]()) for name, package in base.items()}
    for extra in EXTRAS:
        for name, package in compiled(extra).items():
            if name not in base:
                packages.setdefault(name, (package, set()))[1].add(extra)
    lines = [
        "# Written by .ci/lock.py: do not edit. What the toolkit and its extras need, by hash.",
        'lock-version = "1.0"',
        'created-by = "signalen-toolkit"',
        f'requires-python = ">={OLDEST}"',
        f"extras = [{', '.join(quoted(extra) for extra in EXTRAS)}]",
    ]
    for name in sorted(packages):
        lines += ["", *package_lines(*packages[name])]
    LOCK.write_text("\n".join([*lines, ""]), encoding="utf-8")


def compiled(extra: str = "") -> dict[str, Any]:
    """Return what the package index has for the toolkit with one extra, by name."""
    own = [] if extra in ("", "build") else ["--extra", extra]
    sources = ["pyproject.toml", *(["-"] if extra == "build" else [])]
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", *sources, *own, "--universal", "--python-version", OLDEST),
        *("--constraint", ".ci/constraints.txt", "--format", "pylock.toml", "--quiet", "--no-header"),
    ]
    done = subprocess.run(  # our own words
        command, cwd=ROOT, input="hatchling\n", capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return {package["name"]: package for package in tomllib.loads(done.stdout)["packages"]}


def package_lines(package: dict[str, Any], extras: set[str]) -> Iterator[str]:
    """Yield one package as PEP 751 writes it."""
    yield "[[packages]]"
    yield f"name = {quoted(package['name'])}"
    yield f"version = {quoted(package['version'])}"
    needed = " or ".join(f"{extra!r} in extras" for extra in sorted(extras))
    marker = " and ".join(
        f"({part})" if " or " in part else part for part in (package.get("marker", ""), needed) if part
    )
    if marker:
        yield f"marker = {quoted(marker)}"
    wheels = [wheel for wheel in package.get("wheels", ()) if serves(wheel)]
    if not wheels:
        sys.exit(f"{package['name']} {package['version']} has no wheel for the platforms that we serve")
    yield "wheels = ["
    for wheel in wheels:
        yield f"  {{ url = {quoted(wheel['url'])}, hashes = {{ sha256 = {quoted(wheel['hashes']['sha256'])} }} }},"
    yield "]"


def serves(wheel: dict[str, Any]) -> bool:
    """Tell whether a wheel is for a platform and a Python that we serve."""
    name = wheel["url"].rpartition("/")[2]
    return bool(PLATFORMS.search(name) and PYTHONS.search(name))


def quoted(text: str) -> str:
    """Write a text for TOML."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    main()
