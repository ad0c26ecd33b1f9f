"""A question to the API of a Git server, answered in JSON: the one place where a token leaves us, in a header."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any, Final

from signalen_toolkit import __version__
from signalen_toolkit.diagnostics.problems import UsageError

PAGE: Final = 100  # the most that a server gives at once; one that gives fewer has a next page
MOST_PAGES: Final = 50
_PATIENCE: Final = 30.0  # seconds
_LARGEST: Final = 2**26  # bytes of an answer


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token along, to wherever it leads."""

    def redirect_request(self, *_: Any) -> None:
        return None


def call(url: str, headers: Mapping[str, str], method: str = "GET", data: Mapping[str, Any] | None = None) -> Any:
    """Ask a server, and return its answer, which is JSON. Raises UsageError with what it refuses."""
    if not url.startswith(("https://", "http://")):
        raise UsageError(f"{url} is not an address of a server")
    sent = {**headers, "Content-Type": "application/json", "User-Agent": f"signalen-toolkit/{__version__}"}
    body = json.dumps(data).encode() if data is not None else None
    request = urllib.request.Request(url, body, sent, method=method)  # noqa: S310  # checked above
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=_PATIENCE) as answer:
            return json.loads(answer.read(_LARGEST) or b"null")
    except urllib.error.HTTPError as error:
        hint = "; the token is not valid any more, or may not do this" if error.code in (401, 403, 404) else ""
        raise UsageError(f"{method} {url}: the server answers {error.code} {error.reason}{hint}") from error
    except (urllib.error.URLError, TimeoutError) as error:
        raise UsageError(f"{method} {url}: {getattr(error, 'reason', error)}") from error
    except ValueError as error:
        raise UsageError(f"{method} {url}: the server's answer is not JSON") from error


def listed(url: str, headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list that comes in pages, whatever a server calls the size of one. Raises as `call`."""
    for page in range(1, MOST_PAGES + 1):
        sign = "&" if "?" in url else "?"
        # Each server knows one of the names for the size of a page, and passes over the other.
        found = call(f"{url}{sign}per_page={PAGE}&limit={PAGE}&page={page}", headers)
        yield from objects(found)
        # A server may allow fewer on a page than were asked for: only an empty one is the last.
        if not found:
            return


def objects(found: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list in an answer; of anything else none, as a server may say what it wants."""
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def number(found: Mapping[str, Any], key: str) -> int:
    """Return a number of an answer; 0 where there is none."""
    value = found.get(key)
    return value if isinstance(value, int) else 0
