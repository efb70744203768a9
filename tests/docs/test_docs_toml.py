"""TOML in the documentation: it is read as what it is shown for."""

import re
import tomllib

import pytest
from pages import PAGES, ROOT, Page

from codelength.plugins import Plugins
from codelength_command.definition import Entry

BLOCKS = [block for page in PAGES for block in page.blocks("toml")]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_it_is_toml_and_its_codecs_load(block, tmp_path):
    table = tomllib.loads(block.text)
    if isinstance(table.get("codec"), dict):
        (tmp_path / "shown.toml").write_text(block.text)
        host = Plugins([str(tmp_path / "shown.toml")], only=())
        assert not host.broken
        assert {entry.item.name for entry in host.codecs} == table["codec"].keys()


def test_pages_show_codecs_in_toml():
    assert any("[codec." in block.text for block in BLOCKS)


def test_the_table_of_keys_has_every_key_of_a_codec():
    section = Page(ROOT / "docs" / "plugins.md").text.partition("| key |")[2].partition("\n\n")[0]
    keys = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert keys == set(Entry.__struct_fields__)
