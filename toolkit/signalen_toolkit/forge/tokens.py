"""The token for a Git server: only from a variable that a person has named after that very server.

`SIGNALEN_TOKEN_GITHUB_COM` is for https://github.com, `SIGNALEN_TOKEN_GIT_EXAMPLE_NL` for https://git.example.nl: a dot
and the colon before a port are written `_`, a dash `__`. So two servers never have one name, and whoever may write an
address into a repository gets no token by it: it goes to the server that it is named after, and nowhere else. It is
given to Git in the environment and to an API in a header, and stands in no argument, file or message.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from signalen_toolkit.form.git_hosts import page_of

_PREFIX: Final = "SIGNALEN_TOKEN_"
_SERVER: Final = re.compile(
    r"(?=.{1,253}(?::|$))[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?"
)
_LOCAL: Final = ("127.0.0.1", "localhost", "::1")


def variable(url: str) -> str:
    """Return the variable in which the token for the server of a repository is; empty where it can have none."""
    parts = urlsplit(page_of(url))
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    if not safe or not _SERVER.fullmatch(server := parts.netloc.lower()):
        return ""
    return _PREFIX + server.replace("-", "__").replace(".", "_").replace(":", "_").upper()


def token_of(url: str, variables: Mapping[str, str]) -> str:
    """Return the token for the server of a repository; empty where a person gave none for it."""
    name = variable(url)
    return variables.get(name, "").strip() if name else ""


def git_settings(url: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of Git with which it shows the token to that server alone, for `git.run.remotely`.

    None where the address is one of SSH, or there is no token: then Git signs in as the person has set it up.
    """
    token = token_of(url, variables)
    if not token or not url.startswith(("https://", "http://")):
        return {}
    login = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    parts = urlsplit(url)
    server = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
    return {f"http.{server}.extraHeader": f"Authorization: Basic {login}", "http.followRedirects": "false"}
