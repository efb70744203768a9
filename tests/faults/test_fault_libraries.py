"""A library that is installed and broken is one line, in every command that needs it."""

import pytest

BROKEN = 'raise ImportError("libfoo.so.1: cannot open shared object file")\n'
WHY = "is installed and cannot be imported: ImportError: libfoo.so.1: cannot open shared object"
SMALL = "--corpora prose --limit 1kB --out out"


@pytest.fixture
def broken(tmp_path):
    """Breaks a library for the processes that get this environment."""

    def make(module: str, source: str = BROKEN) -> dict[str, str]:
        folder = tmp_path / "broken"
        (folder / module).mkdir(parents=True)
        (folder / module / "__init__.py").write_text(source)
        return {"PYTHONPATH": str(folder)}

    return make


@pytest.mark.parametrize(
    ("command", "module", "code"),
    [
        (f"run --codecs brotli,gzip {SMALL}", "brotli", 3),
        (f"run --codecs order2 {SMALL}", "numba", 3),
        ("compress --codec brotli text -o text.cdl", "brotli", 3),
        (f"score --codecs order2 {SMALL}", "numba", 3),
    ],
)
def test_a_broken_library_is_one_line(codelength, broken, tmp_path, command, module, code):
    (tmp_path / "text").write_text("to be or not to be\n" * 20)
    ran = codelength(*command.split(), environment=broken(module))
    lines = [line for line in ran.stderr.splitlines() if f"{module} {WHY}" in line]
    assert len(lines) == 1
    assert "Traceback" not in ran.stderr
    assert ran.returncode == code


def test_a_score_without_plots_says_why_there_are_none(codelength, broken, tmp_path):
    command = f"score --codecs order2 --check 100 {SMALL}"
    ran = codelength(*command.split(), environment=broken("matplotlib"))
    assert ran.returncode == 0, ran.stderr
    assert f"No plots: matplotlib {WHY}" in (tmp_path / "out" / "scores.md").read_text()


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (BROKEN, f"for brotli: brotli {WHY}"),
        pytest.param(
            "import os\nos._exit(0)\n",
            "its process ended with exit code 0 and no result",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_doctor_tries_every_library_and_says_how_to_mend_it(codelength, broken, source, what):
    ran = codelength("doctor", environment=broken("brotli", source))
    assert ran.returncode == 0, ran.stderr
    (line,) = [line for line in ran.stdout.splitlines() if line.startswith("  brotli")]
    assert line.split()[1] == "broken"
    assert what in line
    assert line.endswith("python -m pip install --force-reinstall brotli")
    assert "zstandard" in ran.stdout
