"""A JSON Schema to check with: jsonschema-rs tells whether data fits, jsonschema what is wrong where it does not.

Nearly all that is checked fits. The first tells that in a hundredth of the time; the second knows the place and the
cause of each error, takes as long to import as a form takes to be checked, and is asked only then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.diagnostics.source import brief

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from referencing import Registry

Schema = Mapping[str, Any]
# What `$` is in a pattern: outside a set of characters, and not escaped.
_END: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(\$)")


def is_found(pattern: str, text: str) -> bool:
    """Tell whether a pattern of our own matches anywhere in a text, as JSON Schema means it."""
    return _searched(pattern).search(text) is not None


@cache
def _searched(pattern: str) -> re.Pattern[str]:
    """Compile a pattern; `$` is the end, for Python also just before a last line break."""
    return re.compile(_END.sub(lambda found: r"\Z" if found[1] else found[0], pattern))


def is_schema(data: Any) -> bool:
    """Tell whether data is a JSON Schema, by the schema of schemas."""
    try:
        return jsonschema_rs.meta.is_valid(data)
    except ValueError:  # of a kind that nobody knows
        return False


class Parts:
    """Schemas that others refer to, by address; read once for all of them."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    @cached_property
    def telling(self) -> jsonschema_rs.Registry:
        """The schemas for jsonschema-rs."""
        schemas: list[tuple[str, Any]] = list(self._schemas.items())
        return jsonschema_rs.Registry(schemas)

    @cached_property
    def explaining(self) -> Registry[Any]:
        """The schemas for jsonschema."""
        from referencing import Registry
        from referencing.jsonschema import DRAFT202012

        parts = [(address, DRAFT202012.create_resource(schema)) for address, schema in self._schemas.items()]
        return Registry[Any]().with_resources(parts)


_NO_PARTS: Final = Parts({})


class Validator:
    """A schema, and how it is read.

    `parts` are the schemas that it refers to. `formats` are the only ones that are checked, and of text
    alone. `matches` reads its patterns: those that others wrote are read by another engine than ours.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        parts: Parts = _NO_PARTS,
        formats: Mapping[str, Callable[[str], bool]] = MappingProxyType({}),
        matches: Callable[[str, str], bool] = is_found,
    ) -> None:
        self._schema: Any = schema
        self._parts, self._formats, self._matches = parts, formats, matches

    def iter_errors(self, data: Any) -> Iterator[ValidationError]:
        """Yield what is wrong with data. Raises UsageError where the schema refers to one that is no part of it."""
        if self.fits(data):
            return
        from referencing.exceptions import Unresolvable

        try:
            yield from self._explaining.iter_errors(data)
        except Unresolvable as error:
            message = f"a schema refers to '{brief(str(error.ref))}', which is no part of it: put that into it"
            raise UsageError(message) from error

    def fits(self, data: Any) -> bool:
        """Tell whether data surely fits; of what only Python knows (a key that is no text) that is not told."""
        try:
            return self._telling.is_valid(data)
        except ValueError:
            return False

    @cached_property
    def _telling(self) -> jsonschema_rs.Validator:
        matches = self._matches

        class Pattern:
            """`pattern`, as the other reads it."""

            def __init__(self, _schema: Any, pattern: Any, _path: Any) -> None:
                self._pattern = pattern

            def validate(self, instance: Any) -> None:
                """Raise ValueError where a text does not match."""
                if isinstance(instance, str) and not matches(self._pattern, instance):
                    raise ValueError

        return jsonschema_rs.Draft202012Validator(
            self._schema,
            registry=self._parts.telling,
            formats=dict(self._formats),
            validate_formats=bool(self._formats),
            keywords={"pattern": Pattern},
            retriever=_nothing,
        )

    @cached_property
    def _explaining(self) -> Any:
        from jsonschema import Draft202012Validator, FormatChecker, ValidationError
        from jsonschema.validators import extend

        def pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
            if isinstance(instance, str) and not self._matches(pattern, instance):
                yield ValidationError(f"{instance!r} does not match {pattern!r}")

        checker = FormatChecker(formats=())
        for name, check in self._formats.items():
            checker.checks(name)(_of_text(check))
        make: Any = extend  # which its package leaves untyped
        return make(Draft202012Validator, {"pattern": pattern})(
            self._schema, registry=self._parts.explaining, format_checker=checker
        )


def _nothing(address: str) -> Any:
    """Get a schema from nowhere: whoever wrote one does not say what we read, or whom we ask."""
    raise ValueError(address)


def _of_text(check: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or check(value)
