import pytest
from hypothesis import given
from hypothesis import strategies as st

from codelength import CorruptBlob
from codelength.coding.varint import join_parts, read_varint, split_parts, to_varint


def test_varints_are_leb128():
    assert to_varint(0) == b"\x00"
    assert to_varint(127) == b"\x7f"
    assert to_varint(624485) == bytes.fromhex("e58e26")  # the example of the DWARF standard


@given(st.integers(0, 2**63))
def test_a_varint_is_read_back_with_what_follows(value):
    assert read_varint(b"ab" + to_varint(value) + b"cd", 2) == (value, 2 + len(to_varint(value)))


@pytest.mark.parametrize("blob", [b"", b"\x80", b"\xff" * 11, b"\x81\x00"])
def test_what_is_no_varint_is_refused(blob):
    with pytest.raises(CorruptBlob):
        read_varint(blob)


@given(st.lists(st.binary(), min_size=1, max_size=5))
def test_parts_are_split_as_they_were_joined(parts):
    assert split_parts(join_parts(parts), len(parts)) == parts


def test_a_part_that_is_not_all_there_is_refused():
    with pytest.raises(CorruptBlob, match="a part of 5 bytes"):
        split_parts(join_parts([b"12345", b""])[:4], 2)
