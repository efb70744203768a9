"""The leaderboard as CSV: a line for each measurement, ranked or not."""

import csv
from collections.abc import Iterator
from io import StringIO

from codelength.report.export.json import Document, Entry, Figures, Measured, Ranking
from codelength.report.rows import written

HEADS = [
    *("protocol", "limit", "corpus", "kind", "corpus_bytes", "digest"),
    *("row", "codec", "class", "learned", "contradicted"),
    *("status", "coded_bytes", "ratio", "prior_bytes", "adjusted_ratio"),
    *("encode_mb_per_cpu_s", "decode_mb_per_cpu_s", "memory_bytes", "shown"),
    *("folder", "versions", "run", "env", "started", "codelength", "commit", "processor"),
    *("threads", "jobs", "reason"),
]


def sheet(document: Document) -> str:
    """One line for each measurement: what was coded, how it ended, by whom. `shown` is 1 for the
    one whose speeds the rankings show, 0 for those that confirm it. Empty means no figure."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADS)
    for ranking in document.boards:
        for row in ranking.rows:
            for place, cell in enumerate(row.cells):
                for number, measured in enumerate(cell.measured if cell else []):
                    assert cell is not None
                    line = [*_of(ranking, place), *_by(row, cell, ranking.corpora[place].bytes)]
                    line += [*_timed(measured), int(number == 0 and cell.coded is not None)]
                    line += [*_from(document, row, measured), cell.reason]
                    writer.writerow("" if value is None else value for value in line)
    return text.getvalue()


def _of(ranking: Ranking, place: int) -> Iterator[object]:
    corpus = ranking.corpora[place]
    yield from (ranking.protocol, ranking.limit, corpus.name, corpus.kind, corpus.bytes)
    yield corpus.digest


def _by(row: Entry, cell: Figures, size: int) -> Iterator[object]:
    yield from (row.name, row.codec, row.evidence, int(row.learned), int(row.contradicted))
    rate = None if cell.coded is None or not size else cell.coded / size
    paid = None if rate is None or row.model_bytes is None else rate + row.model_bytes / size
    yield from (cell.status, cell.coded, rate, row.model_bytes, paid)


def _timed(measured: Measured) -> Iterator[object]:
    yield from (measured.encode, measured.decode, measured.memory)


def _from(document: Document, row: Entry, measured: Measured) -> Iterator[object]:
    run = document.runs[measured.run]
    yield from (measured.folder, written(measured.versions or row.versions), run.id, run.mark)
    yield from (run.started, run.codelength, run.commit, run.machine.get("processor"))
    yield from (run.threads, run.jobs)
