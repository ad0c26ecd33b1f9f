"""A kubectl that answers from a file: the objects of a cluster, what its API publishes, and who may do what.

`$CLUSTER` names the file; each call is written to `$CALLS`. What a real kubectl said of a real API server (1.34.4)
where something is missing or forbidden is said here in the same words.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any


def install(folder: Path) -> Path:
    """Put the program into a folder that is to be on the PATH, and return that folder."""
    program = folder / "kubectl"
    folder.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{Path(__file__).resolve()}' \"$@\"\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def main(words: list[str]) -> int:
    """Answer one call as kubectl does."""
    cluster: dict[str, Any] = json.loads(Path(os.environ["CLUSTER"]).read_text())
    with Path(os.environ["CALLS"]).open("a") as file:
        file.write(json.dumps(words) + "\n")
    options = dict(word.lstrip("-").partition("=")[::2] for word in words if word.startswith("--") and word != "--")
    plain = words[words.index("--") + 1 :] if "--" in words else []
    if cluster.get("unreachable"):
        sys.stderr.write("Unable to connect to the server: dial tcp 192.0.2.1:6443: i/o timeout\n")
        return 1
    match words[0]:
        case "config":
            sys.stdout.write(
                json.dumps({"current-context": "proef", "clusters": [{"cluster": {"server": "https://x"}}]})
            )
            return 0
        case "auth":
            allowed = " ".join(plain) not in cluster.get("denied", [])
            sys.stdout.write("yes\n" if allowed else "no\n")
            return 0 if allowed else 1
        case "get" if "raw" in options:
            return _raw(cluster, options["raw"])
        case "get":
            return _get(cluster, plain, options)
    sys.stderr.write(f"this kubectl only reads, and was asked for {words[0]}\n")
    return 9


def _raw(cluster: dict[str, Any], path: str) -> int:
    if path not in cluster["raw"]:
        sys.stderr.write("Error from server (NotFound): the server could not find the requested resource\n")
        return 1
    sys.stdout.write(json.dumps(cluster["raw"][path]))
    return 0


def _get(cluster: dict[str, Any], plain: list[str], options: dict[str, str]) -> int:
    kinds, namespace = plain[0].split(","), options.get("namespace", "")
    if plain[0] in cluster.get("forbidden", []):
        sys.stderr.write(f'Error from server (Forbidden): {plain[0]} is forbidden: User "x" cannot list resource\n')
        return 1
    found = [
        one["object"]
        for one in cluster["objects"]
        if one["resource"] in kinds and namespace in ("", one["object"]["metadata"].get("namespace", ""))
    ]
    if len(plain) == 1:
        key, _, value = options.get("selector", "").partition("=")
        found = [one for one in found if not key or one["metadata"].get("labels", {}).get(key) == value]
        sys.stdout.write(json.dumps({"items": found}))
        return 0
    named = [one for one in found if one["metadata"]["name"] == plain[1]]
    if named and options["output"].startswith("go-template"):
        keys = named[0].get("data", {})
        sys.stdout.write("#\n" + "".join(f"{'+' if keys[key] else '-'}{key}\n" for key in keys))
    elif named:
        sys.stdout.write(json.dumps(named[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
