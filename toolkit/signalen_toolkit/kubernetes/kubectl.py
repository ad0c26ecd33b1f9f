"""A cluster that is asked through kubectl, which knows how a person signs in there. Nothing here changes a cluster.

What a person or a form says is given behind `=` or `--`, so that it is never taken for an option of kubectl. Of a
Secret only the names of its keys are asked for: the values stay where they are.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from signalen_toolkit.base import processes
from signalen_toolkit.diagnostics.problems import UsageError

_LARGEST: Final = 64 * 2**20  # bytes of an answer; the definitions of all kinds of a large cluster are a tenth
_NO_SUCH: Final = ("(NotFound)", "the server doesn't have a resource type", "could not find the requested resource")
_REFUSED: Final = ("(Forbidden)", "(Unauthorized)")
# The first line says that there is a Secret, which may be without keys.
_KEYS: Final = '#\n{{range $key, $value := .data}}{{if $value}}+{{else}}-{{end}}{{$key}}{{"\\n"}}{{end}}'


class NotPermittedError(Exception):
    """Whoever asks may not know this; `asked` is what was asked, as one would type it."""

    def __init__(self, asked: str) -> None:
        super().__init__(asked)
        self.asked = asked


@dataclass(frozen=True)
class Kubectl:
    """kubectl, with the context that a person named (else their current one) and their environment.

    `timeout` is in seconds, for one question. Raises UsageError where no cluster answers.
    """

    program: Path
    variables: Mapping[str, str]
    context: str = ""
    timeout: float = 15.0

    @cached_property
    def place(self) -> str:
        """The context and the address of its cluster, as in the person's own configuration."""
        done = self._run(["config", "view", "--minify", "--output=json"])
        if done.code != 0:
            raise UsageError(f"kubectl knows no cluster: {_said(done)}; choose one with --context or KUBECONFIG")
        data = _json(done.output)
        context = data.get("current-context") or self.context
        servers = [str(one.get("cluster", {}).get("server", "")) for one in data.get("clusters") or []]
        return ", ".join(filter(None, (str(context), *servers[:1])))

    def raw(self, path: str) -> dict[str, Any] | None:
        """Return what the API server has at a path, or None. Raises NotPermittedError."""
        return self._answer(["get", f"--raw={path}"])

    def get(self, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        """Return one object, or None where there is none or no such kind. Raises NotPermittedError."""
        place = [f"--namespace={namespace}"] if namespace else []
        return self._answer(["get", *place, "--ignore-not-found", "--output=json", "--", kind, name])

    def all(self, kinds: str, namespace: str = "", selector: str = "") -> list[dict[str, Any]]:
        """Return the objects of some kinds in a namespace, without one in all; none of a kind that is not there."""
        place = f"--namespace={namespace}" if namespace else "--all-namespaces"
        chosen = [f"--selector={selector}"] if selector else []
        found = self._answer(["get", place, *chosen, "--ignore-not-found", "--output=json", "--", kinds])
        return list((found or {}).get("items") or [])

    def keys(self, secret: str, namespace: str) -> dict[str, bool] | None:
        """Return the keys of a Secret, each with whether it holds something; None where there is no such Secret."""
        place = [f"--namespace={namespace}", "--ignore-not-found", f"--output=go-template={_KEYS}"]
        done = self._ask(["get", *place, "--", "secrets", secret])
        lines = done.output.decode(errors="replace").splitlines() if done else []
        return {line[1:]: line.startswith("+") for line in lines[1:] if line} if lines else None

    def may(self, verb: str, resource: str, namespace: str = "") -> bool | None:
        """Tell whether whoever asks may do something; None where the cluster does not say."""
        place = [f"--namespace={namespace}"] if namespace else []
        done = self._run(["auth", "can-i", *place, "--", verb, resource])
        said = done.output.decode(errors="replace").strip().split(" ")[0]
        return {"yes": True, "no": False}.get(said)

    def _answer(self, words: Sequence[str]) -> dict[str, Any] | None:
        done = self._ask(words)
        return _json(done.output) if done and done.output.strip() else None

    def _ask(self, words: Sequence[str]) -> processes.Done | None:
        """Return how kubectl ended well, or None where it is about what is not there."""
        done = self._run(words)
        if done.code == 0:
            return done
        said = done.errors.decode(errors="replace")
        if any(part in said for part in _NO_SUCH):
            return None
        if any(part in said for part in _REFUSED):
            raise NotPermittedError("kubectl " + " ".join(word for word in words if not word.startswith("--output")))
        raise UsageError(f"the cluster gives no answer: {_said(done)}")

    def _run(self, words: Sequence[str]) -> processes.Done:
        chosen = [f"--context={self.context}"] if self.context else []
        options = [*chosen, f"--request-timeout={self.timeout:g}s"]
        first = 2 if words[0] in ("auth", "config") else 1  # the options stand behind the command
        command: list[str | Path] = [self.program, *words[:first], *options, *words[first:]]
        try:
            return processes.run(
                command,
                environment=self.variables,
                folder=Path.cwd(),
                timeout=self.timeout + 5,  # kubectl gives up by itself, and says why
                limit=_LARGEST,
            )
        except processes.TooSlowError as error:
            raise UsageError(f"the cluster did not answer kubectl within {self.timeout + 5:g} seconds") from error
        except processes.TooMuchError as error:
            raise UsageError(f"kubectl {words[0]} prints more than {_LARGEST // 2**20} MiB") from error


def find(variables: Mapping[str, str]) -> Path:
    """Return the kubectl on the PATH. Raises UsageError where there is none."""
    found = shutil.which("kubectl", path=variables.get("PATH", ""))
    if found is None:
        raise UsageError("the program kubectl is missing: see https://kubernetes.io/docs/tasks/tools/")
    return Path(found)


def _json(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise UsageError("the answer of kubectl is no JSON") from error
    return found if isinstance(found, dict) else {}


def _said(done: processes.Done) -> str:
    """Return the last thing that kubectl said."""
    lines = done.errors.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else f"kubectl ended with {done.code}"
