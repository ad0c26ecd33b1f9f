"""Small charts and programs that misbehave, for the tests of Helm and of where charts come from."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from signalen_toolkit.helm.model import ChartReference, HelmRelease

REPOSITORY = "https://charts.example.nl/"
CHART_YAML = "apiVersion: v2\nname: {name}\nversion: {version}\n"
DEPLOYMENT = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
data:
  text: {{ .Values.text | quote }}
  kubernetes: {{ .Capabilities.KubeVersion.Version }}
  monitors: {{ .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" | quote }}
"""


def chart_files(
    name: str = "demo", version: str = "1.2.3", templates: Mapping[str, str] | None = None, more: str = ""
) -> dict[str, str]:
    """Return the files of a chart by path, with these templates."""
    return {
        f"{name}/Chart.yaml": CHART_YAML.format(name=name, version=version) + more,
        f"{name}/values.yaml": "text: hello\n",
        **{f"{name}/templates/{path}": text for path, text in (templates or {"config.yaml": DEPLOYMENT}).items()},
    }


def write_chart(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a chart into a folder and return its own folder."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder / next(iter(files)).split("/")[0]


def member(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    """Return an entry of an archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content)
    return info, content


def pack(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return a .tgz with these entries."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content) if content else None)
    return gzip.compress(buffer.getvalue(), mtime=0)  # the same bytes every time


def packed(files: Mapping[str, str] | None = None) -> bytes:
    """Return a chart as a .tgz."""
    return pack(*(member(path, text.encode()) for path, text in (files or chart_files()).items()))


def reference(name: str = "demo", version: str = "1.2.3", repository: str = REPOSITORY) -> ChartReference:
    """Return a reference to the chart of `chart_files`."""
    return ChartReference(repository, name, version)


def release(values: str = "{}", chart: str = "demo") -> HelmRelease:
    """Return a release of it."""
    return HelmRelease("acceptance", "signalen", "signalen-acc", reference(chart), values, "values.yaml")


def script(path: Path, text: str) -> Path:
    """Write a shell script and return it."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path
