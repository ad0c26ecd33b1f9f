"""What the toolkit needs on this computer: what is there, and how what is missing gets there."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Final

from signalen_toolkit.base.environment import variables
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.helm import in_process
from signalen_toolkit.helm import program as helm

_SECONDS: Final = 10.0
_INSTALL: Final = "pip install signalen-toolkit"
_SECRETS: Final = "pip install 'signalen-toolkit[secrets]'"
# Package, module, the commands that need it, and what installs it.
_LIBRARIES: Final = (
    ("click", "click", "every command", _INSTALL),
    ("jinja2", "jinja2", "render, new, verify", _INSTALL),
    ("jsonschema", "jsonschema", "check", _INSTALL),
    ("ruamel.yaml", "ruamel.yaml", "every command", _INSTALL),
    ("cookiecutter", "cookiecutter", "new", _INSTALL),
    ("questionary", "questionary", "new", _INSTALL),
    ("pyrage", "pyrage", "secrets", _SECRETS),
    ("kubernetes-validate", "kubernetes_validate", "verify, diff", helm.INSTALL),
    ("pyyaml", "yaml", "verify, diff", helm.INSTALL),
)


@dataclass(frozen=True, slots=True)
class Tool:
    """A program or library: where it is and in which version. `trouble` says why it cannot be used, if so.

    `needed_by` are commands of signalen, `install` is the command that brings it. Without an `optional` one, all
    commands still work.
    """

    name: str
    needed_by: str
    install: str
    path: str = ""
    version: str = ""
    trouble: str = ""
    optional: bool = False

    @property
    def usable(self) -> bool:
        """Whether it is there and works."""
        return bool(self.path) and not self.trouble


def report(helm_option: str | None = None) -> list[Tool]:
    """Return every program and library that the toolkit calls; `helm_option` is a program given with --helm."""
    python = Tool("python", "every command", "https://www.python.org/downloads/", sys.executable)
    return [
        Tool(python.name, python.needed_by, python.install, python.path, platform.python_version()),
        _program("git", "new, diff, update", "apt install git, brew install git or https://git-scm.com"),
        _helm(helm_option),
        _program("sops", "secrets", _SECRETS),
        *(_library(*one) for one in _LIBRARIES),
        _library("helm-python-sdk", "helm_python", "verify, diff (faster)", in_process.INSTALL, optional=True),
    ]


def table(tools: Sequence[Tool]) -> str:
    """Return the tools as a table, and under it the commands that install what is missing."""
    rows = [("", "version", "needed by", "path")]
    rows += [(tool.name, tool.version or "-", tool.needed_by, _state(tool)) for tool in tools]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    ]
    by_command: dict[str, list[str]] = {}
    for tool in tools:
        if not tool.usable:
            by_command.setdefault(tool.install, []).append(tool.name)
    if by_command:
        lines += ["", "To install what is missing:"]
        lines += [f"  {command}  ({', '.join(names)})" for command, names in by_command.items()]
    return "\n".join(lines) + "\n"


def _state(tool: Tool) -> str:
    if tool.trouble:
        return f"{tool.path}: {tool.trouble}" if tool.path else tool.trouble
    return tool.path or ("not installed (optional)" if tool.optional else "missing")


def _helm(option: str | None) -> Tool:
    path, version, trouble = "", "", ""
    try:
        program = helm.find(option, variables())
        path = str(program)
        version = helm.version(program)
    except UsageError as error:
        trouble = str(error)
    return Tool("helm", "verify, diff", helm.INSTALL, path, version, trouble)


def _program(name: str, needed_by: str, install: str) -> Tool:
    """Look for a program beside our Python, where the package index puts programs, and on the PATH."""
    path = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if path is None:
        return Tool(name, needed_by, install)
    version, trouble = _asked(path)
    return Tool(name, needed_by, install, path, version, trouble)


def _asked(path: str) -> tuple[str, str]:
    """Ask a program for its version; return that, or what is wrong with it."""
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and the arguments are ours
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return "", f"it did not tell its version within {_SECONDS:g} seconds"
    except OSError as error:
        return "", f"it cannot be run: {error.strerror or error}"
    found = re.search(r"(?<!\d)\d++(?:\.\d++)++", done.stdout)
    if done.returncode != 0 or found is None:
        return "", "it does not tell its version"
    return found[0], ""


def _library(package: str, module: str, needed_by: str, install: str, *, optional: bool = False) -> Tool:
    path = _location(module)
    version = _quietly(lambda: metadata.version(package)) if path else ""
    return Tool(package, needed_by, install, path, version, optional=optional)


def _location(module: str) -> str:
    """Return the folder or file of a module, without importing more than the packages around it."""
    try:
        spec = util.find_spec(module)
    except (ImportError, ValueError):
        return ""
    if spec is None:
        return ""
    return next(iter(spec.submodule_search_locations or ()), spec.origin or "")


def _quietly(ask: Callable[[], str]) -> str:
    """Return an answer, or nothing where a package has lost its description."""
    try:
        return ask()
    except metadata.PackageNotFoundError:
        return ""
