"""A decoder that knows where a corpus is finds nothing there."""

import sys

import pytest

from codelength.results.cell import Status
from codelength.results.store import load
from codelength.workers.sandbox import Sandbox, strongest

needs_namespaces = pytest.mark.skipif(
    sys.platform != "linux" or strongest() is not Sandbox.NAMESPACES,
    reason="the system gives this user no namespaces",
)


@needs_namespaces
@pytest.mark.parametrize("corpus", ["prose", "path:data"])
def test_a_decoder_that_reads_the_corpus_has_none(codelength, tmp_path, write_codec, corpus):
    (tmp_path / "data").write_text("the cat sat on the mat\n" * 90)
    options = write_codec(
        top="from codelength.plugins import Plugins",
        encode="return data[:4]",
        decode=f"plugins = Plugins(only=['embedded', 'path']); "
        f"read = plugins.corpus({corpus.replace('path:', f'path:{tmp_path}/')!r}).item.samples(); "
        "return next(bytes(s.data) for s in read if bytes(s.data[:4]) == blob)",
    )
    codelength("run", *options, "--codecs", "mine", "--corpora", corpus, "--out", "out")
    (cell,) = load(tmp_path / "out").current
    assert cell.status is Status.FAILED
