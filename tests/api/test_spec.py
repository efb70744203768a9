from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from codelength import UsageError
from codelength.api.spec import build, split_specs, written


@dataclass(frozen=True)
class Thing:
    name: ClassVar[str] = "thing"
    level: int
    long: int | None = None
    where: str = field(default="here", repr=False)


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("gzip", ["gzip"]),
        ("gzip,png", ["gzip", "png"]),
        ("gzip,zstd:level=19,png", ["gzip", "zstd:level=19", "png"]),
        ("zstd:level=19,long=27,png", ["zstd:level=19,long=27", "png"]),
        ("chunks:2048,whole", ["chunks:2048", "whole"]),
        (" a , b ", ["a", "b"]),
        ("", []),
    ],
)
def test_a_list_is_split_between_specs_and_not_between_settings(text, specs):
    assert split_specs(text) == specs


def test_settings_are_converted_to_the_types_of_the_fields():
    assert build(Thing, "level=19,long=27") == Thing(19, 27)


def test_a_value_without_a_name_sets_the_first_field():
    assert build(Thing, "3") == Thing(3)


@dataclass(frozen=True)
class Place:
    name: ClassVar[str] = "place"
    location: str


def test_the_only_setting_may_have_any_sign_in_it():
    assert build(Place, "a=b,c") == Place("a=b,c")
    assert build(Place, "location=x") == Place("x")


def test_what_is_written_builds_the_same_again():
    thing = Thing(3, 24)
    assert written(thing) == "thing:level=3,long=24"
    assert build(Thing, "level=3,long=24") == thing


def test_a_setting_that_is_not_set_is_not_written():
    assert written(Thing(3)) == "thing:level=3"


@dataclass(frozen=True)
class Switch:
    name: ClassVar[str] = "switch"
    on: bool


@pytest.mark.parametrize("on", [True, False])
def test_what_is_true_or_false_is_written_as_it_is_typed(on):
    assert written(Switch(on)) == f"switch:on={'true' if on else 'false'}"
    assert build(Switch, "on=true" if on else "on=false") == Switch(on)


def test_fields_that_are_not_shown_are_not_settings():
    with pytest.raises(UsageError, match="no setting 'where'"):
        build(Thing, "level=3,where=there", where="here")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("levle=3", "thing has no setting 'levle'; it takes 'level', 'long', 'where'"),
        ("level=high", "thing:level=high cannot be"),
        ("", "thing needs 'level', as in thing:level=…"),
    ],
)
def test_a_mistake_is_named_in_one_line(settings, message):
    with pytest.raises(UsageError, match=message):
        build(Thing, settings)
