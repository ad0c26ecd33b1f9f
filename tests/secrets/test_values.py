"""Values that a Secret may hold."""

from __future__ import annotations

import pytest
from signalen_toolkit.catalog.model import SecretKey
from signalen_toolkit.diagnostics.problems import UsageError
from signalen_toolkit.form.needed_secrets import NeededKey
from signalen_toolkit.secrets.values import check_value


def key(*, in_address: bool) -> NeededKey:
    return NeededKey("backend", SecretKey("PASSWORD", "A password.", in_address=in_address), random=0, empty=False)


@pytest.mark.parametrize("wrong", ["/", "?", "#", "[", "]", "%", "\n"])
def test_a_password_in_an_address_has_no_character_that_ends_it(wrong: str) -> None:
    value = f"abc{wrong}def"
    assert check_value(value, key(in_address=False)) == value
    with pytest.raises(UsageError, match="breaks"):
        check_value(value, key(in_address=True))


def test_a_password_in_an_address_may_have_other_signs() -> None:
    assert check_value("a:b@c!d e&f+g=h", key(in_address=True)) == "a:b@c!d e&f+g=h"
