"""Executes the settings of the backend, as Django would: a program of its own, with the standard library alone.

    python -I -S django_settings.py APP < [{"NAME": "value", …}, …]

APP is the folder `app` of the backend's code. Each environment of the list is the whole environment of one execution.
Prints for each what the module `signals.settings` ended up with, by name; `{"error": …}` where it raised.
What the code imports of others is not there, and is stood in for by something that may be called and asked anything.
"""

import importlib
import json
import os
import sys
import types
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any


class _Kind(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything


class Anything(metaclass=_Kind):
    """A class, function and object in one."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything

    def __call__(self, *_: Any, **__: Any) -> Any:
        return Anything()


class Module(types.ModuleType):
    """A module that has whatever is asked of it."""

    __path__: list[str] = []  # noqa: RUF012  # as Python has it

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything


class Finder(MetaPathFinder, Loader):
    """Finds what nobody else found, unless it would be of the backend itself."""

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        return None if name.partition(".")[0] in own else ModuleSpec(name, self)

    def create_module(self, spec: ModuleSpec) -> Module:
        return Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


app = sys.argv[1]
own = {entry.name.partition(".")[0] for entry in Path(app).iterdir()}
sys.path.insert(0, app)
sys.meta_path.append(Finder())
sys.argv = ["manage.py"]
sys.dont_write_bytecode = True


def executed(environment: dict[str, str]) -> dict[str, Any]:
    """Return the settings that an environment gives."""
    os.environ.clear()
    os.environ.update(environment)
    for name in [name for name in sys.modules if name.partition(".")[0] in own]:
        del sys.modules[name]
    try:
        settings = importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"])
    except Exception as error:  # noqa: BLE001  # whatever it is, the backend would not start
        return {"error": f"{type(error).__name__}: {error}"}
    return {name: value for name, value in vars(settings).items() if name.isupper()}


json.dump([executed(environment) for environment in json.load(sys.stdin)], sys.stdout, default=repr)
