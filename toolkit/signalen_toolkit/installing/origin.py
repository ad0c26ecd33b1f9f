"""What the toolkit that runs was installed from: pip and its like write it down (PEP 610); an image says it itself."""

from __future__ import annotations

import configparser
import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit

from signalen_toolkit import REPOSITORY
from signalen_toolkit.git.run import git
from signalen_toolkit.installing.source import PACKAGE_INDEX, SourceKind

PACKAGE_NAME: Final = "signalen-toolkit"
IMAGE_VARIABLE: Final = "SIGNALEN_IMAGE"
_DIGEST: Final = re.compile(r"\S+@sha256:[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_INDEXES: Final = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")

Section = dict[str, Any]


def running(variables: Mapping[str, str]) -> Section:
    """Return `toolkit` of the form for what runs now: as little as says it, nothing for everybody's package index.

    `variables` are those of the process. An image cannot know its own digest: whoever starts it gives its whole name in
    SIGNALEN_IMAGE.
    """
    image = variables.get(IMAGE_VARIABLE, "")
    if _DIGEST.fullmatch(image):
        return {"source": SourceKind.IMAGE.value, "image": image}
    origin = _direct_url()
    if commit := str(origin.get("vcs_info", {}).get("commit_id", "")):
        return _from_git(str(origin["url"]), commit)
    if "dir_info" in origin:
        return _from_folder(Path(unquote(urlsplit(str(origin["url"])).path)))
    return _from_index(variables)


def own_hash() -> str:
    """Return the hash of the wheel that the toolkit was installed from, where it was one file; else nothing."""
    archive = _direct_url().get("archive_info", {})
    return str(archive.get("hashes", {}).get("sha256", "")) if isinstance(archive, dict) else ""


def _direct_url() -> Mapping[str, Any]:
    """Read what the installer wrote down; nothing for a package from an index, or one that was never installed."""
    try:
        text = metadata.distribution(PACKAGE_NAME).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return {}
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _from_git(url: str, commit: str) -> Section:
    return {"source": SourceKind.GIT.value, "git": {"url": without_password(url), "commit": commit}}


def _from_folder(folder: Path) -> Section:
    """Return the commit of a checkout, and where others find it; nothing where it is none."""
    head = git(folder, "rev-parse", "--verify", "--quiet", "HEAD").output.decode().strip() if folder.is_dir() else ""
    if not _COMMIT.fullmatch(head):
        return {}
    remote = git(folder, "remote", "get-url", "origin").output.decode().strip()
    return _from_git(remote if remote.startswith("https://") else f"{REPOSITORY}.git", head)


def _from_index(variables: Mapping[str, str]) -> Section:
    given = [variables.get(name, "") for name in _INDEXES] + [*_configured(variables)]
    found = next((without_password(one.strip()).rstrip("/") for one in given if one.strip()), PACKAGE_INDEX)
    return {} if found == PACKAGE_INDEX else {"source": SourceKind.INDEX.value, "index": found}


def _configured(variables: Mapping[str, str]) -> Iterator[str]:
    """Yield the index of pip's own settings, the most special first."""
    home = Path(variables.get("XDG_CONFIG_HOME") or Path(variables.get("HOME", "/")) / ".config")
    named = variables.get("PIP_CONFIG_FILE")
    places = [Path(sys.prefix), home / "pip", Path(variables.get("HOME", "/")) / ".pip", Path("/etc")]
    for path in [*([Path(named)] if named else []), *(place / "pip.conf" for place in places)]:
        settings = configparser.ConfigParser(interpolation=None)
        try:
            settings.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for section in ("install", "global"):
            if settings.has_option(section, "index-url"):
                yield settings.get(section, "index-url")


def without_password(url: str) -> str:
    """Return an address without the user name and password in it."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
