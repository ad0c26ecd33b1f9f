"""A form that is changed to say other data keeps all that a person wrote around the change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signalen_toolkit.diagnostics.problems import ProblemsError
from signalen_toolkit.documents import arrange, reader, scalars
from signalen_toolkit.documents.overlay import overlaid
from signalen_toolkit.documents.rewrite import NOTHING, DataChange, difference, rewritten

FORM = """\
# our form
contact: {phone: '14 073', email: a@b.nl}   # both
dex:
  connectors:
    # the first
    - type: microsoft  # Entra
      name: 'Een'
      # clientId: later

    # the second
    - type: oidc
      name: "Twee"
  # below the list
environments:
  # where we try
  acceptance:
    domain: acc.example.nl  # ours
    # sync: {}
  # where people are
  production:
    domain: example.nl
links: {}
"""
DATA: dict[str, Any] = reader.parse(FORM, "f").data


def _data(text: str) -> Any:
    document = reader.parse(text, "f")
    assert not document.problems
    return document.data


def test_nothing_changes_where_nothing_is_to() -> None:
    assert rewritten(FORM, DATA) == FORM
    assert [*difference(DATA, DATA)] == []


def test_environments_change_places_with_their_comments() -> None:
    wanted = {**DATA, "environments": {name: DATA["environments"][name] for name in ("production", "acceptance")}}
    text = rewritten(FORM, wanted, ordered=[("environments",)])
    assert text.split("environments:\n")[1] == (
        "  # where people are\n  production:\n    domain: example.nl\n"
        "  # where we try\n  acceptance:\n    domain: acc.example.nl  # ours\n    # sync: {}\nlinks: {}\n"
    )
    assert text.split("environments:\n")[0] == FORM.split("environments:\n")[0]


def test_items_change_places_with_their_comments_and_keep_their_quotes() -> None:
    first, second = DATA["dex"]["connectors"]
    text = rewritten(FORM, {**DATA, "dex": {"connectors": [{**second, "name": "Zwei"}, first]}})
    assert '      name: "Zwei"\n' in text
    assert text.index("# the second") < text.index("Zwei") < text.index("# the first") < text.index("# Entra")
    assert text.index("# clientId: later") < text.index("# below the list")


def test_an_item_is_added_and_taken_out() -> None:
    first, second = DATA["dex"]["connectors"]
    third = {"type": "ldap", "name": "no", "groups": ["a: b", "0"]}
    text = rewritten(FORM, {**DATA, "dex": {"connectors": [first, second, third]}})
    assert _data(text)["dex"]["connectors"][2] == third
    assert (
        text.replace('    - type: ldap\n      name: "no"\n      groups:\n        - "a: b"\n        - "0"\n', "") == FORM
    )
    assert rewritten(text, DATA) == FORM
    assert "# the first" not in rewritten(FORM, {**DATA, "dex": {"connectors": [second]}})


def test_a_list_of_maps_that_is_new_stands_on_lines_of_its_own() -> None:
    item = {"rule": "a", "place": "b", "reason": "c"}
    assert rewritten("links: {}\n", {"links": {}, "ignore": [item]}).endswith(
        "ignore:\n  - rule: a\n    place: b\n    reason: c\n"
    )


def test_what_is_written_in_one_line_stays_so() -> None:
    text = "dex: {connectors: [{type: a}, {type: b}]} # here\n"
    assert rewritten(text, {"dex": {"connectors": [{"type": "b"}]}}) == "dex: {connectors: [{type: b}]} # here\n"


def test_a_difference_tells_what_comes_and_goes() -> None:
    old, new = {"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"c": [1, 2]}, "d": True, "e": {"f": {"g": 1}, "h": {}}}
    assert [*difference(old, new)] == [
        DataChange(("a", "b"), 1, NOTHING),
        DataChange(("a", "c"), [1], [1, 2]),
        DataChange(("d",), 1, True),
        DataChange(("e", "f", "g"), NOTHING, 1),
        DataChange(("e", "h"), NOTHING, {}),
    ]


def test_an_order_of_other_keys_is_refused() -> None:
    with pytest.raises(ProblemsError, match="other keys than these"):
        arrange.with_order(FORM, ("environments",), ["acceptance"])


_values = st.recursive(
    st.text(max_size=6) | st.booleans() | st.integers(-9, 99) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)
_forms = st.dictionaries(st.sampled_from("pqrs"), _values, min_size=1, max_size=4)


def _as_text(data: Any) -> str:
    return "".join(f"# about {key}\n{key}:{scalars.below(scalars.Below(value, 2))}\n" for key, value in data.items())


def _readable(data: Any) -> bool:
    return not reader.parse(_as_text(data), "f").problems


@given(_forms.filter(_readable), _forms.filter(_readable))
def test_any_form_becomes_any_other_one_or_stays_as_it_is(old: Any, new: Any) -> None:
    text = _as_text(old)
    assert _data(text) == old
    try:
        changed = rewritten(text, new)
    except ProblemsError:
        return
    assert repr(_sorted(_data(changed))) == repr(_sorted(new))
    kept = [key for key in old if key in new and repr(old[key]) == repr(new[key])]
    assert all(f"# about {key}\n" in changed for key in kept)


@given(_forms.filter(_readable), _forms)
def test_a_document_with_other_data_knows_where_the_old_stood(old: Any, new: Any) -> None:
    before = reader.parse(_as_text(old), "f")
    after = overlaid(before, new)
    assert repr(after.data) == repr(new)
    for key, value in new.items():
        node = after.node((key,))
        assert node is not None
        assert repr(node.data) == repr(value)
        if key in old:
            assert after.position((key,), at="key") == before.position((key,), at="key")


def _sorted(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _sorted(data[key]) for key in sorted(data)}
    return [_sorted(one) for one in data] if isinstance(data, list) else data
