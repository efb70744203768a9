"""Rows of JSONL, CSV and Parquet as documents."""

import gzip
import json
from pathlib import Path

import pytest

from codelength.api.errors import CorpusError, UsageError
from codelength.plugins import Plugins
from codelength_documents import Documents

ROWS = [{"id": f"a{i}", "text": f"Document {i}. Ünïcode."} for i in range(3)]
TEXTS = [row["text"].encode() for row in ROWS]


def write(path: Path, rows: list[dict[str, object]] | list[dict[str, str]] = ROWS) -> Path:
    """Write rows as the suffix says."""
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    if plain.suffix == ".parquet":
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow.parquet import write_table

        write_table(pyarrow.Table.from_pylist(rows), path)
        return path
    if plain.suffix == ".jsonl":
        text = "\n".join(json.dumps(row) for row in rows) + "\n"
    else:
        joint = "\t" if plain.suffix == ".tsv" else ","
        lines = [joint.join(rows[0]), *(joint.join(map(str, row.values())) for row in rows)]
        text = "\n".join(lines) + "\n"
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.tsv", "a.parquet"])
def test_each_row_is_a_text_and_a_cluster(tmp_path: Path, name: str) -> None:
    samples = list(Documents(str(write(tmp_path / name))).samples())
    assert [sample.data for sample in samples] == TEXTS
    assert [sample.name for sample in samples] == [f"{name}#{i}" for i in (1, 2, 3)]
    assert len({sample.cluster for sample in samples}) == 3
    assert {sample.media.kind for sample in samples} == {"text"}


def test_documents_of_a_folder_or_a_pattern_are_those_of_its_files(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.csv", "notes.txt"):
        write(tmp_path / name)
    assert len(list(Documents(str(tmp_path)).samples())) == 6
    assert len(list(Documents(str(tmp_path / "*.jsonl")).samples())) == 3


def test_settings_name_the_columns(tmp_path: Path) -> None:
    rows = [{"body": "one", "url": "x"}, {"body": None, "url": "y"}, {"body": "three", "url": "z"}]
    path = write(tmp_path / "a.jsonl", rows)
    corpus = Plugins().corpus(f"documents:{path},column=body,id=url").item
    assert corpus.spec == f"documents:{path},column=body,id=url"
    assert [sample.name for sample in corpus.samples()] == ["a.jsonl#x", "a.jsonl#z"]
    assert corpus.label == "local; 1 rows without 'body'"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"id": 1}\n', "row 1 has no 'text'; it has 'id'"),
        ('{"text": 5}\n', "'text' of row 1 is int, no text"),
        ('{"text": "a"}\n{"text"\n', "line 2 is no JSON"),
        ("[1]\n", "line 1 is no JSON object"),
    ],
)
def test_what_is_no_document_is_named(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(CorpusError, match=says):
        list(Documents(str(tmp_path / "a.jsonl")).samples())


def test_a_damaged_file_and_one_that_is_not_there_are_one_line(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(CorpusError, match=r"a\.parquet cannot be read"):
        list(Documents(str(tmp_path / "a.parquet")).samples())
    with pytest.raises(UsageError, match="no file 'nowhere'"):
        Documents("nowhere").check_available()
    with pytest.raises(UsageError, match="no setting 'colum'"):
        Plugins().corpus("documents:a.jsonl,colum=x")
    write(tmp_path / "b.parquet")
    with pytest.raises(CorpusError, match="row 1 has no 'body'; it has 'id', 'text'"):
        list(Documents(str(tmp_path / "b.parquet"), column="body").samples())
