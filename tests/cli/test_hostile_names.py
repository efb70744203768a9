"""What commands say of names that would steer a terminal."""

from io import StringIO

from codelength.cli import fail
from codelength.report.progress import Lines, Live, Meter
from factories import broken, cell, corpus_slice

NAME = "path:a\x1b[2J\u202e\nb"
SPELT = "path:a\\x1b[2J\\u202e b"


def test_lines_of_progress_spell_them_out() -> None:
    of = corpus_slice(NAME)
    for make in (lambda stream: Lines(Meter(stream)), Live):
        stream = StringIO()
        progress = make(stream)
        progress.begin(2)
        progress.reading(NAME)
        progress.started("gzip", of, decode=False)
        progress.finished(broken("gzip", of, reason=NAME), reused=False)
        assert f"gzip on {SPELT} (whole): failed: {SPELT}" in stream.getvalue()
    lines = Lines(Meter(stream := StringIO()))
    lines.finished(cell(of=of), reused=True)
    assert stream.getvalue() == f"[1/0] gzip on {SPELT} (whole): 40.00 % (measured before)\n"


def test_failures_spell_them_out(capsys) -> None:
    assert fail(f"no file {NAME!s}", 2) == 2
    assert "path:a\\x1b[2J\\u202e" in capsys.readouterr().err
