"""The forms of an address: of a server, a page, a mailbox, and of a repository of Git with its branch."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_EMAIL = re.compile(rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~.-]+@({_LABEL}(?:\.{_LABEL})+)")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_SERVER = re.compile(r"([A-Za-z0-9.-]+)(?::[0-9]{1,5})?")
# What stands between braces in the address of a map, and is filled in by the site.
_VARIABLE = re.compile(r"\{[A-Za-z][A-Za-z0-9_-]*\}")
_SERVER_OF = re.compile(r"(https?://[^/?#]+)\S*")
# Characters that `git check-ref-format` refuses, and those that are not ASCII, which it takes: some are not seen.
_NOT_IN_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|[^\x00-\x7f]")
_LONGEST_BRANCH = 244  # of a file name of 255 characters, with `.lock` and room for the name of a remote
# As scp has it. Git takes nothing for a user, host or path that another program would take for an option.
_SCP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*@([A-Za-z0-9.-]+):(?!/?$)(?![:-])[\x21-\x7e]+")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def is_hostname(text: str) -> bool:
    """Tell whether a text is a DNS name, without the dot at the end."""
    return len(text) <= 253 and _HOSTNAME.fullmatch(text) is not None


def is_server(text: str) -> bool:
    """Tell whether a text is the name of a server, with or without a port; the rule `port-range` is for that."""
    found = _SERVER.fullmatch(text)
    return found is not None and is_hostname(found[1])


def is_mirror(text: str) -> bool:
    """Tell whether a text is a server, with or without a port, and a path on it; or nothing."""
    return not text or is_server(re.sub(r"^(?:https|oci)://", "", text).partition("/")[0])


def is_email(text: str) -> bool:
    """Tell whether a text is one bare e-mail address with a domain."""
    local = text.partition("@")[0]
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    return len(text) <= 254 and not dots and _EMAIL.fullmatch(text) is not None


def is_url(text: str) -> bool:
    """Tell whether a text is an absolute URL with a host; `<tenant>` left in it makes it none."""
    return _URL.fullmatch(text) is not None and _parts(text) is not None


def is_map_url(text: str) -> bool:
    """Tell whether a text is the URL of a map, in which the site fills in parts between braces (`{z}`); or nothing.

    What stands behind the server is as free as the servers of maps are.
    """
    found = _SERVER_OF.fullmatch(text)
    return not text or (found is not None and is_url(_VARIABLE.sub("x", found[1])))


def is_link(text: str) -> bool:
    """Tell whether a text is an absolute URL, or a path on the site itself; or nothing."""
    own = text.startswith("/") and not text.startswith("//")
    return not text or is_url(f"https://localhost{text}" if own else text)


def is_git_branch(text: str) -> bool:
    """Tell whether a text may be the name of a branch, by the rules of `git check-ref-format`."""
    parts = text.split("/")
    return (
        len(text) <= _LONGEST_BRANCH
        and not text.startswith("-")
        and not _NOT_IN_BRANCH.search(text)
        and text not in ("@", "HEAD")
        and not text.endswith(".")
        and all(part and not part.startswith(".") and not part.endswith(".lock") for part in parts)
    )


def is_git_url(text: str) -> bool:
    """Tell whether a text is the address of a Git repository: https://, ssh:// or as scp has it, user@host:path."""
    if not _VISIBLE.fullmatch(text):
        return False
    if "://" not in text:
        found = _SCP.fullmatch(text)
        return found is not None and is_hostname(found[1])
    parts = _parts(text)
    if parts is None or parts.scheme not in ("http", "https", "ssh"):
        return False
    if parts.scheme == "ssh":
        user = _USER.fullmatch(parts.username) if parts.username is not None else True
        return user is not None and parts.password is None and parts.path.strip("/") != ""
    return "@" not in parts.netloc


def split(url: str) -> SplitResult:
    """Return the parts of a URL; one that is none, of which a rule on formats tells, is a path alone."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", url, "", "")


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a URL whose host and port can be; None for another."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
        is_host = bool(ipaddress.IPv6Address(host)) if ":" in host else is_hostname(host)
    except ValueError:
        return None
    return parts if is_host and port != 0 and not parts.netloc.endswith(":") else None
