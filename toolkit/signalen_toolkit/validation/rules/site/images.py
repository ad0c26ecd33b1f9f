"""Images: whether the files that the form names are there, and are what they should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from signalen_toolkit.diagnostics.problems import Problem, Severity
from signalen_toolkit.form.config import Environment
from signalen_toolkit.form.images import kind, measure
from signalen_toolkit.form.model import Form
from signalen_toolkit.validation.rules import rule

SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {"logo": "logo", "favicon": "favicon", "iosIcon": "iOS icon", "androidIcon": "Android icon"}
)
_ICON_SIZES: Final[Mapping[str, int]] = MappingProxyType({"iosIcon": 180, "androidIcon": 192})  # pixels
LARGEST: Final = 512 * 1024  # bytes of one image
_TOGETHER: Final = 2**20  # bytes of all data in one ConfigMap
_KINDS: Final[Mapping[str, str]] = MappingProxyType({"png": "a PNG image", "svg": "an SVG image", "": "no image"})


@rule("image-missing", "the site cannot show an image that is not there")
def image_missing(form: Form) -> Iterator[Problem]:
    """Reports a logo or icon whose file is not in the repository."""
    for environment in form.config.environments:
        for setting, path in _paths(environment):
            if path not in form.assets:
                message = f"the file '{path}' is not in the repository; it is the {SETTINGS[setting]}"
                hint = f"add the file, or name another in 'branding.{setting}'"
                yield form.problem("image-missing", message, environment, "branding", setting, hint=hint)


@rule("not-an-image", "a browser shows nothing where a file is not what its name says")
def not_an_image(form: Form) -> Iterator[Problem]:
    """Reports a file that is not a PNG or SVG image, or is the other one than its name ends in."""
    for environment, setting, path, data in images(form):
        wanted = path.rpartition(".")[2]
        if len(data) > LARGEST or declares_entities(data) or kind(data) == wanted:
            continue  # the first two have a rule of their own
        message = f"the contents of '{path}' are {_KINDS[kind(data)]}; the name says {_KINDS.get(wanted, wanted)}"
        hint = "export the image again, in the format that its name ends in"
        if data.startswith(b"version https://git-lfs"):
            hint = "this is a pointer of Git LFS, which the toolkit does not follow; commit the image itself"
        yield form.problem("not-an-image", message, environment, "branding", setting, hint=hint)


@rule("image-too-large", "every visitor downloads it, and all images together must fit in 1 MiB")
def image_too_large(form: Form) -> Iterator[Problem]:
    """Reports an image over 512 KiB."""
    for environment, setting, path, data in images(form):
        if len(data) > LARGEST:
            message = f"'{path}' is {_size(data)}; 512 KiB is the most for one image"
            hint = "make it smaller: a logo is shown at most 74 pixels high"
            yield form.problem("image-too-large", message, environment, "branding", setting, hint=hint)


@rule("images-too-large", "Kubernetes refuses a ConfigMap of more than 1 MiB")
def images_too_large(form: Form) -> Iterator[Problem]:
    """Reports images that are together over 1 MiB."""
    for environment in form.config.environments:
        found = {path: form.assets[path] for _, path in _paths(environment) if path in form.assets}
        total = b"".join(found.values())
        if len(total) > _TOGETHER:
            largest = max(found, key=lambda path: (len(found[path]), path))
            message = f"the logo and the icons are together {_size(total)}; 1024 KiB is the most"
            hint = f"make '{largest}' smaller: it is {_size(found[largest])}"
            yield form.problem("images-too-large", message, environment, "branding", hint=hint, at="key")


@rule("icon-size", "a telephone scales an icon of another size, and it looks blurred")
def icon_size(form: Form) -> Iterator[Problem]:
    """Warns of an iOS icon that is not 180 by 180, and an Android icon that is not 192 by 192 pixels of PNG."""
    for environment, setting, path, data in images(form):
        side, found = _ICON_SIZES.get(setting), kind(data)
        if side is None or not found or (found == "png" and measure(data) == (side, side)):
            continue
        measured = measure(data)
        is_ = (
            "an SVG image"
            if found == "svg"
            else f"{measured[0]} by {measured[1]} pixels"
            if measured
            else "without a size"
        )
        yield form.problem(
            "icon-size",
            f"'{path}' is {is_}; the {SETTINGS[setting]} must be a PNG image of {side} by {side}",
            environment,
            "branding",
            setting,
            hint=f"export it as a PNG image of {side} by {side} pixels",
            severity=Severity.WARNING,
        )


def images(form: Form) -> Iterator[tuple[Environment, str, str, bytes]]:
    """Yield environment, setting, path and contents of every image that is in the repository."""
    for environment in form.config.environments:
        for setting, path in _paths(environment):
            if path in form.assets:
                yield environment, setting, path, form.assets[path]


def declares_entities(data: bytes) -> bool:
    """Tell whether a file declares entities, in whatever encoding."""
    return b"<!ENTITY" in data.replace(b"\0", b"").upper()


def _paths(environment: Environment) -> Iterator[tuple[str, str]]:
    branding = environment.settings["branding"]
    for setting in SETTINGS:
        yield setting, str(branding[setting])


def _size(data: bytes) -> str:
    return f"{-(-len(data) // 1024)} KiB"
