"""pytest imports test modules by their names, so no two may have the same."""

from collections import Counter
from pathlib import Path


def test_the_names_of_test_modules_are_unique():
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert len(names) > 50
    assert [name for name, count in names.items() if count > 1] == []
