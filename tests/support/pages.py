"""A visitor of the pages without JavaScript: opens them, reads their forms as a browser does, and sends these."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from signalen_toolkit.helm.options import Options
from signalen_toolkit.page.app import make_app
from signalen_toolkit.page.draft.store import DraftStore
from signalen_toolkit.page.draft.workplace import Workplace
from signalen_toolkit.page.guard import Entrance
from werkzeug.test import TestResponse

HOST = "http://localhost"
ANSWERS: dict[str, dict[str, str]] = {
    "municipality": {"municipality": "den bosch"},
    "contact": {
        "/contact/phone": "073 615 51 55",
        "/contact/email": "meldingen@s-hertogenbosch.nl",
        "/environments/acceptance/domain": "s-hertogenbosch.signalen.dev",
    },
    "appearance": {"/branding/alert": "Door een storing duurt het langer."},
    "sign-in": {
        "/components/dex/enabled": "false",
        "/identity/issuer": "https://id.s-hertogenbosch.nl/realms/signalen",
        "/identity/clientId": "signalen",
    },
    "platform": {"/repository/url": "https://github.com/gemeente/signalen.git", "/delivery": "flux"},
}


class _Forms(HTMLParser):
    """Reads the forms of a page: the values that a browser would send for each, and its buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._area = self._select = ""
        self._chosen: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attributes}
        if tag == "form":
            self.forms.append({"action": found.get("action", ""), "values": {}, "names": set(), "buttons": []})
        if not self.forms:
            return
        form, name = self.forms[-1], found.get("name", "")
        if tag in ("input", "textarea", "select") and name:
            form["names"].add(name)
        if tag == "input" and name:
            kind = found.get("type", "text")
            if (kind == "radio" and "checked" in found) or kind not in ("radio", "file"):
                form["values"][name] = found.get("value", "")
        elif tag == "textarea":
            self._area = name
            form["values"][name] = ""
        elif tag == "select":
            self._select = name
            form["values"][name] = ""
        elif tag == "option" and self._select:
            self._chosen = "" if "selected" in found and "value" not in found else None
            if "selected" in found and "value" in found:
                form["values"][self._select] = found["value"]
        elif tag == "button":
            form["buttons"].append(found.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._area:
            values = self.forms[-1]["values"]
            values[self._area] = (values[self._area] + data).removeprefix("\n")
        elif self._chosen is not None:
            self.forms[-1]["values"][self._select] = data
            self._chosen = None

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        if tag == "select":
            self._select = ""


class Visitor:
    """Somebody with a browser without JavaScript."""

    def __init__(self, directory: Path, state: Path, **options: Any) -> None:
        access = options.pop("access", Entrance((HOST,)))
        place = Workplace(directory, DraftStore(state, directory), options=Options(offline=True), **options)
        self.directory = directory
        self.access = access
        self.client: FlaskClient = make_app(place, access).test_client()
        if not access.is_proxied:
            self.client.get(f"/open/{access.key}")

    def get(self, path: str, code: int = 200) -> str:
        """Open a page."""
        answer = self.client.get(path)
        assert answer.status_code == code, (path, answer.status_code, answer.location)
        return answer.get_data(as_text=True)

    def forms(self, page: str) -> list[dict[str, Any]]:
        """Return the forms of a page."""
        found = _Forms()
        found.feed(page)
        return found.forms

    def send(
        self,
        path: str,
        answers: dict[str, str] | None = None,
        do: str | None = None,
        files: dict[str, bytes] | None = None,
        page: str = "",
        action: str | None = None,
    ) -> TestResponse:
        """Open a page, fill in its form, and send it by a button."""
        page = page or self.get(path)
        wanted = action or path
        form = next(one for one in self.forms(page) if one["action"] == wanted and (do in (None, *one["buttons"])))
        unknown = {*(answers or {}), *(files or {})} - form["names"]
        assert not unknown, f"{path} does not ask for {unknown}"
        data: dict[str, Any] = {**form["values"], **(answers or {})}
        if do is not None:
            data["do"] = do
        for name, content in (files or {}).items():
            data[name] = (BytesIO(content), "file.bin")
        return self.client.post(wanted, data=data, content_type="multipart/form-data")

    def start(self, only: Iterable[str] = ANSWERS, **changes: dict[str, str]) -> None:
        """Answer the steps of a new form."""
        for name in only:
            answers = {**ANSWERS[name], **changes.get(name.replace("-", "_"), {})}
            if name == "sign-in":  # who chooses is asked more
                self.send("/start/sign-in", {"/components/dex/enabled": answers["/components/dex/enabled"]}, "refresh")
            answer = self.send(f"/start/{name}", answers, "next")
            assert answer.status_code == 303, text_of(answer.get_data(as_text=True))

    def make(self) -> None:
        """Make a repository."""
        self.start()
        answer = self.send("/start/summary", action="/save")
        assert answer.status_code == 200, text_of(answer.get_data(as_text=True))

    def form(self) -> str:
        """Return the text of the form on disk."""
        return (self.directory / "municipality.yaml").read_text(encoding="utf-8")


def text_of(page: str) -> str:
    """Return what a page says, without its markup."""
    main = re.sub(r"(?s).*<main[^>]*>|</main>.*|<datalist.*?</datalist>", "", page)
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())
