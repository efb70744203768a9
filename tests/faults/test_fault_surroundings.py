"""Odd numbers and closed streams: one line, or a run as usual."""

import subprocess
import sys

import pytest

RUN = "run --codecs zlib --corpora prose --limit 1kB --out out"


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e99", "0", "-1"])
def test_a_timeout_that_no_clock_can_count_is_bad_usage(codelength, seconds):
    ran = codelength(*RUN.split(), "--timeout", seconds)
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("closed", ["2>&-", "2>&- <&-", "2>&- >/dev/null"])
def test_a_run_works_where_errors_go_nowhere(tmp_path, closed):
    command = f"{sys.executable} -m codelength {RUN} {closed}"
    ran = subprocess.run(["bash", "-c", command], cwd=tmp_path, stdout=subprocess.PIPE)
    assert ran.returncode == 0
    assert (tmp_path / "out" / "report.md").exists()
