"""Where the private age key of an environment is kept on a person's computer: a place with the repository's address.

The same for everybody who has the repository, whatever they call its folder, and another one for every other
repository. `bootstrap/cluster.sh` gets it from the rendered tree.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from signalen_toolkit.form.config import Environment

KEYS: Final = "signalen/age"  # below the folder for settings ($XDG_CONFIG_HOME)

# https://user@host:port/path and ssh://user@host:port/path; user@host:path
_ADDRESS: Final = re.compile(
    r"(?P<scheme>\w+)://(?:[^@/]*@)?(?P<host>[^/:]*)(?::(?P<port>\d+))?(?P<path>/.*)?|(?:[^@/]*@)?(?P<host2>[^:/]*):(?P<path2>.*)"
)
_USUAL: Final = {"https": "443", "http": "80", "ssh": "22"}


def age_key_place(environment: Environment) -> str:
    """Return where the key of an environment belongs, from the folder for settings: `signalen/age/…/….txt`."""
    return "/".join(
        [KEYS, *_parts(repository(environment)), f"{_name(f'{municipality(environment)}-{environment.name}')}.txt"]
    )


def repository(environment: Environment) -> str:
    """Return the address of the repository that an environment is in."""
    return str(environment.settings["repository"]["url"])


def municipality(environment: Environment) -> str:
    """Return the code of the municipality, or its name where the register does not have it."""
    section = environment.settings["municipality"]
    return str(section.get("code") or section["name"])


def same_repository(one: str, other: str) -> bool:
    """Tell whether two addresses lead to one repository."""
    return _parts(one) == _parts(other)


def _parts(url: str) -> list[str]:
    """Take an address apart into names of folders; the ways to reach one repository (https, ssh) give the same."""
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return [_name(url)]
    host, path = found["host"] or found["host2"] or "", found["path"] or found["path2"] or ""
    port = found["port"] if found["port"] != _USUAL.get((found["scheme"] or "").lower()) else ""
    server = host.lower() + (f"+{port}" if port else "")
    parts = [part for part in path.removesuffix("/").removesuffix(".git").split("/") if part]
    return [_name(part) for part in (server, *parts)]


def _name(text: str) -> str:
    """Return a text as the name of a file: none that is hidden or leads elsewhere, nor one that a shell reads."""
    name = quote(text, safe="@+")
    return f"%2E{name[1:]}" if name.startswith(".") else name or "%"
