"""Whether plugins can be loaded is tried in a worker."""

import pytest

from codelength import UsageError
from codelength.workers.loading import require_loading


def test_what_can_be_loaded_or_only_raises_is_no_problem(tmp_path):
    (tmp_path / "raises.py").write_text("raise ImportError('no such thing')\n")
    require_loading(str(tmp_path / "raises.py"))


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import os; os._exit(0)", "ended with exit code 0"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "died of SIGSEGV"),
    ],
)
def test_what_ends_the_process_is_named(tmp_path, code, problem):
    (tmp_path / "ends.py").write_text(code + "\n")
    with pytest.raises(UsageError, match=f"loading the plugin {tmp_path}/ends.py: .*{problem}"):
        require_loading(str(tmp_path / "ends.py"))
