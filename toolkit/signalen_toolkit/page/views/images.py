"""The images of a draft, to be looked at before they are saved."""

from __future__ import annotations

from flask import Blueprint, Response, abort

from signalen_toolkit.documents.data import at
from signalen_toolkit.form import images as image_files
from signalen_toolkit.page.guard import IMAGE_POLICY
from signalen_toolkit.page.views import shared

pages = Blueprint("images", __name__)
_TYPES = {"png": "image/png", "svg": "image/svg+xml"}
_NAMES = ("logo", "favicon", "iosIcon", "androidIcon")


@pages.get("/image/<name>")
@pages.get("/image/<environment>/<name>")
def image(name: str, environment: str = "") -> Response:
    """Return an image that the form names, as it is to become."""
    now = shared.opened()
    found = [one for one in now.environments if environment in ("", one.name)]
    if name not in _NAMES or not found:
        abort(404)
    path = str(at(found[0].settings, "branding", name) or "")
    data = now.config.assets.get(path, b"")
    kind = image_files.kind(data)
    if not kind:
        abort(404)
    return Response(data, mimetype=_TYPES[kind], headers={"Content-Security-Policy": IMAGE_POLICY})
