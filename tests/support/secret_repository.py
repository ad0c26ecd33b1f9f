"""A repository with Secrets made by the real SOPS, and what a test looks for in it."""

from __future__ import annotations

import base64
from pathlib import Path

from signalen_toolkit.catalog.load import catalog
from signalen_toolkit.secrets import environment as secret_environment
from signalen_toolkit.secrets import files as secret_files
from signalen_toolkit.secrets import sops
from signalen_toolkit.secrets.files import path_of
from signalen_toolkit.secrets.make import MadeSecrets, init
from signalen_toolkit.secrets.values import ValueSources

# Random beforehand, so that nothing but a leak can hold it.
PLAIN = "oidc-9f27c1e4-plain-text"
OTHER = 'other-5b1d: "{x}" # é-plain-text'
OIDC = "signalen-backend-secrets/OIDC_RP_CLIENT_SECRET"
BACKEND = path_of("acceptance", "signalen-backend-secrets")
RABBITMQ = path_of("acceptance", "signalen-backend-rabbitmq-secrets")
STRANGER = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def given() -> ValueSources:
    return ValueSources(variables={"OIDC_RP_CLIENT_SECRET": "GIVEN"})


def initialised(repository: Path, program: str | None = None) -> MadeSecrets:
    (made,) = init(repository, catalog(), sources=given(), program=program)
    return made


def values(repository: Path, environment: str = "acceptance") -> dict[str, str]:
    chosen = secret_environment.choose(secret_environment.read_config(repository, catalog()), environment)
    program = secret_environment.sops_of(repository, chosen, sops.find())
    found: dict[str, str] = {}
    for path in sorted((repository / "secrets" / environment).glob("*.yaml")):
        opened = secret_files.decrypted(program.decrypt(path))
        found |= {f"{path.stem}/{key}": value for key, value in opened.items()}
    return found


def files_with(folder: Path, text: str) -> list[Path]:
    forms = (text.encode(), base64.b64encode(text.encode()).rstrip(b"="))
    return [path for path in folder.rglob("*") if path.is_file() and any(form in path.read_bytes() for form in forms)]


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def script(folder: Path, text: str, name: str = "program") -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)
