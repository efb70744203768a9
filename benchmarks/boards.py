"""CPU time of a report: invented cells, from the file of results to every exporter and picture.

python benchmarks/boards.py 100 100
python benchmarks/boards.py 1000 100 --profile
"""

import argparse
import cProfile
import pstats
import random
import sys
import tempfile
from pathlib import Path
from time import process_time

from codelength.api.media import Kind
from codelength.report.board import load_board
from codelength.report.board_page import BoardPage
from codelength.report.export import EXPORTERS
from codelength.report.export.markdown import write_report
from codelength.report.export.terminal import to_text
from codelength.results.cell import (
    SCHEMA,
    Cell,
    CorpusSlice,
    Environment,
    Evidence,
    Phase,
    Status,
)
from codelength.results.store import FILE

KINDS: tuple[Kind, ...] = ("text", "image", "audio", "raw")
GROUPS = 20
"""Samples of each corpus."""
TARGET = 15 / 10_000
"""CPU seconds for each cell."""


def invent(codecs: int, corpora: int, path: Path) -> None:
    """Write results of codecs, every tenth with a model, on corpora of four kinds."""
    import msgspec

    dice = random.Random(7)
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        environment = Environment(
            run="run",
            schema=SCHEMA,
            started="2025-11-21T06:00:00Z",
            command="codelength run --corpora all",
            codelength="0.1.0",
            commit="",
            machine={"processor": "invented"},
            versions={},
            threads=1,
            jobs=1,
        )
        file.write(encode(environment) + b"\n")
        for number in range(corpora):
            of = CorpusSlice(
                corpus=f"corpus-{number}",
                protocol="whole",
                kind=KINDS[number % len(KINDS)],
                samples=GROUPS,
                bytes=GROUPS * 50_000,
                digest=f"{number:064x}",
            )
            for codec in range(codecs):
                file.write(encode(invent_cell(codec, of, dice)) + b"\n")


def invent_cell(codec: int, of: CorpusSlice, dice: random.Random) -> Cell:
    """One cell; one in a hundred failed."""
    spec = f"family{codec // 10}:level={codec % 10}"
    if dice.random() < 0.01:
        reason = "encode took more than 3600 s"
        return Cell(codec=spec, slice=of, status=Status.TIMEOUT, run="run", reason=reason)
    sizes = [
        round(50_000 * (0.2 + 0.005 * codec % 0.7) * dice.uniform(0.9, 1.1)) for _ in range(GROUPS)
    ]
    phases = [
        Phase(
            cpu=[[dice.uniform(0.1, 9) for _ in range(3)]],
            wall=[[1.0, 1.0, 1.0]],
            peak_bytes=dice.randrange(10**7, 10**9),
            baseline_rss_bytes=10**7,
        )
        for _ in range(2)
    ]
    return Cell(
        codec=spec,
        slice=of,
        status=Status.OK,
        run="run",
        evidence=Evidence.VERIFIED,
        versions={"invented": "1"},
        coded_bytes=sum(sizes),
        groups=[(50_000, size) for size in sizes],
        ledger={"payload": sum(sizes) - 3 * GROUPS, "length": 3 * GROUPS},
        model_bytes={"weights": 10**6} if codec % 10 == 9 else {},
        header_bytes=10,
        encode=phases[0],
        decode=phases[1],
    )


def measure(codecs: int, corpora: int) -> float:
    """Print the CPU seconds of each step; all of them together."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        invent(codecs, corpora, folder / FILE)
        print(f"{codecs} codecs × {corpora} corpora = {codecs * corpora:,} cells, CPU seconds")
        start = before = process_time()

        def tell(what: str, size: int) -> None:
            nonlocal before
            print(f"{process_time() - before:8.2f}  {what:32}  {size / 1e6:8.2f} MB")
            before = process_time()

        page = BoardPage(load_board([folder]))
        tell("read and merged", (folder / FILE).stat().st_size)
        tell("terminal", sum(map(len, to_text(page, 120))))
        path = write_report(page, folder)
        tell("report.md and pictures", path.stat().st_size)
        for picture in sorted((folder / "plots").iterdir()):
            print(f"{'':8}  {picture.name:32}  {picture.stat().st_size / 1e6:8.2f} MB")
        for exporter in EXPORTERS:
            try:
                tell(exporter.name, len(exporter.export(page)))
            except Exception as error:  # pyarrow is optional
                print(f"{'':8}  {exporter.name}: {error}")
        total = process_time() - start
        print(f"{total:8.2f}  in all; target {TARGET * codecs * corpora:.1f}")
        return total


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("codecs", type=int, nargs="?", default=100)
    parser.add_argument("corpora", type=int, nargs="?", default=100)
    parser.add_argument("--profile", action="store_true", help="where the time goes, too")
    options = parser.parse_args()
    profile = cProfile.Profile()
    if options.profile:
        profile.enable()
    total = measure(options.codecs, options.corpora)
    if options.profile:
        profile.disable()
        pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(25)
    sys.exit(total > TARGET * options.codecs * options.corpora)
