"""The journal that all studies keep: by key, read again, and shared with older versions."""

from pathlib import Path

from codelength.results.cell import Struct
from codelength_studies.journal import Key, StudyJournal, data_digest, distribution_digest

FILE = "journal.jsonl"


class Measured(Struct, frozen=True, tag="measured"):
    """A record."""

    data: str
    value: int

    @property
    def key(self) -> Key:
        return Key("distribution", self.data)


class Checked(Measured, frozen=True, tag="checked"):
    """Another kind of record, about the same data."""


class Old(Struct, frozen=True, tag="old"):
    """What an older version wrote."""


def journal(folder: Path | None) -> StudyJournal[Measured]:
    return StudyJournal(folder, FILE, [Measured, Checked], [Old])


def test_a_record_is_found_again_by_its_kind_and_key(tmp_path: Path) -> None:
    first, later = Measured(data="a", value=1), Measured(data="a", value=2)
    with journal(tmp_path) as open_journal:
        assert open_journal.find(Measured, first.key) is None
        open_journal.append(first)
        assert open_journal.find(Measured, first.key) == first
        open_journal.append(later)
    with journal(tmp_path) as open_journal:
        assert open_journal.find(Measured, first.key) == later
        assert open_journal.find(Checked, first.key) is None
        assert open_journal.find(Measured, Key("other", "a")) is None


def test_records_of_older_versions_are_skipped_and_others_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"type":"old","what":1}\n')
    with journal(tmp_path) as open_journal:
        open_journal.append(Checked(data="a", value=1))
    (tmp_path / FILE).write_text('{"type":"new"}\n{"type":"old"}\n')
    with journal(tmp_path) as open_journal:
        open_journal.append(Measured(data="b", value=1))
    with journal(tmp_path) as open_journal:
        (problem,) = open_journal.problems
        assert f"{FILE}:1 is not a result: Invalid value 'new'" in problem
        assert open_journal.find(Measured, Key("distribution", "b"))


def test_without_a_folder_nothing_is_written() -> None:
    with journal(None) as open_journal:
        open_journal.append(Measured(data="a", value=1))
        assert open_journal.find(Measured, Key("distribution", "a")) is not None


def test_a_fresh_journal_finds_only_what_it_was_given_itself(tmp_path: Path) -> None:
    record = Measured(data="a", value=1)
    with journal(tmp_path) as open_journal:
        open_journal.append(record)
    with StudyJournal(tmp_path, FILE, [Measured], fresh=True) as fresh:
        assert fresh.find(Measured, record.key) is None
        fresh.append(record)
        assert fresh.find(Measured, record.key) == record


def test_digests_change_with_everything_that_they_are_of() -> None:
    facts = [("a", {}, ""), ("b", {}, ""), ("a", {"numpy": "1"}, ""), ("a", {"numpy": "2"}, "")]
    facts.append(("a", {}, "of other code"))
    assert len({distribution_digest(*one) for one in facts}) == 5
    assert distribution_digest("a", {"x": "1", "y": "2"}, "") == distribution_digest(
        "a", {"y": "2", "x": "1"}, ""
    )
    assert len({data_digest("a", 1), data_digest("a", 2), data_digest("a1")}) == 3
