"""A file's bytes are read when they are asked for; one that shrinks is an error in one line."""

import os

import pytest

from codelength.api.corpus import AT_ONCE, Digest, read_file
from codelength.api.errors import CorpusError
from codelength.api.media import FileBytes, Sample

CONTENT = bytes(range(256)) * 3


@pytest.fixture
def path(tmp_path):
    (tmp_path / "x").write_bytes(CONTENT)
    return tmp_path / "x"


def test_a_slice_of_a_file_is_that_of_its_bytes(path):
    file = FileBytes(path)
    assert (len(file), bytes(file)) == (768, CONTENT)
    for part in (slice(3, 9), slice(700, 900), slice(900, 950), slice(9, 3), slice(-5, None)):
        assert file[part] == CONTENT[part]
    inner = file.part(10, 20)
    assert (len(inner), inner[2:4], bytes(inner)) == (10, CONTENT[12:14], CONTENT[10:20])


def test_a_file_that_shrinks_is_an_error_that_names_it(path):
    file = FileBytes(path)
    os.truncate(path, 100)
    assert file[:100] == CONTENT[:100]
    with pytest.raises(CorpusError, match=r"/x was shortened to 100 bytes while it was read$"):
        file[50:150]


def test_a_file_that_grows_is_what_it_was(path):
    file = FileBytes(path)
    with path.open("ab") as more:
        more.write(b"more")
    assert bytes(file) == CONTENT


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(CorpusError, match=r"/gone cannot be read: No such file or directory$"):
        read_file(tmp_path / "gone")


def test_the_digest_of_a_large_file_is_that_of_its_bytes(tmp_path):
    content = os.urandom(AT_ONCE + 5)
    (tmp_path / "large").write_bytes(content)
    data = read_file(tmp_path / "large")
    assert isinstance(data, FileBytes)
    digests = []
    for one in (data, content):
        digest = Digest()
        digest.add(Sample("large", one))
        digests.append(digest.hexdigest())
    assert digests[0] == digests[1]
