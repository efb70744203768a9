"""Scores targets: first a sample that is also coded, then all chunks, each stored as it comes."""

from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from math import fsum
from pathlib import Path
from typing import Protocol

from codelength.api.codec import Codec, dependencies_of, versions_of
from codelength.api.errors import CodelengthError
from codelength.measure.job import Recipe
from codelength.measure.plan import Plan, Target
from codelength.results.cell import (
    Cell,
    CellKey,
    CorpusSlice,
    Environment,
    Estimate,
    Evidence,
    Status,
)
from codelength.results.store import Store, load
from codelength.workers.pool import Pool
from codelength.workers.supervisor import WorkerLost
from codelength_studies.code import code_of
from codelength_studies.journal import Key, distribution_digest
from codelength_studies.plan import samples_of
from codelength_studies.score.backends import ScoresOnly
from codelength_studies.score.chunks import Pieces, cut_chunks, take_sample
from codelength_studies.score.records import (
    CheckedSample,
    ScoredChunk,
    ScoreJournal,
    open_journal,
)
from codelength_studies.score.tasks import (
    compute_code_length,
    decode_blobs,
    encode_pieces,
    keep_symbols,
    require_code_lengths,
)

KEPT = "bits"
"""In a results folder: Parquet files with the bits of each symbol, by distribution and chunk."""

AHEAD = 2
"""Chunks read for each process before it asks."""


class ScoreError(CodelengthError):
    """A score that did not come about."""

    exit_code = 3


class Mismatch(CodelengthError):
    """A sample that did not come back from its blob."""

    exit_code = 4


class Watch(Protocol):
    """Is told how the scores go on."""

    def begin(self, codec: str, corpus_slice: CorpusSlice, left: int, seconds: float) -> None:
        """So many bytes are left of this target, and will take about so many seconds."""

    def advance(self, codec: str, corpus_slice: CorpusSlice, done: int, bits: float) -> None:
        """So many bytes of it have been scored, at so many bits together."""

    def finish(self, score: Cell, reused: bool) -> None:
        """A target is done."""


def score_plan(
    plan: Plan,
    environment: Environment,
    check: int,
    out: Path,
    watch: Watch,
    fresh: bool = False,
    keep: bool = False,
) -> list[Cell]:
    """Score every codec on every target, by `environment.jobs` processes at once.

    What the folder `out` holds is not done again. Chunks go into its journal as they come, and
    scores into its store, as cells whose evidence is an estimate.

    Args:
        check: About how many bytes of each target are also coded and decoded.
        fresh: Score also what the folder holds.
        keep: Write the bits of each symbol into the folder, too.

    Raises:
        ScoreError: A process died.
        Mismatch: A coded sample came back as something else.
        StoreError: The folder cannot be written.
    """
    results = load(out)
    known = {} if fresh else {cell.key: cell for cell in results.estimates}
    scores = []
    with (
        open_journal(out, fresh) as journal,
        Store(out) as store,
        Pool(environment.jobs) as pool,
        Pool(1) as others,
    ):
        store.append(environment)
        for entry in plan.codecs:
            codec = require_code_lengths(entry.item)
            recipe = Recipe.of(plan.plugins, entry)
            code = code_of(plan.plugins, entry, environment.run)
            versions = dependencies_of(codec)
            distribution = distribution_digest(codec.spec, versions, code.digest)
            if code.digest not in results.codes:
                results.codes[code.digest] = code
                store.append(code)
            for target in plan.targets:
                score = known.get(CellKey(codec.spec, *target.slice.key))
                reused = (
                    not keep
                    and score is not None
                    and score.slice.identity == target.slice.identity
                    and {**score.versions, **score.digests} == versions
                    and score.code == code.digest
                )
                if score is None or not reused:
                    kept = out / KEPT / distribution[:12] if keep else None
                    scorer = _Scorer(
                        plan, target, codec, recipe, distribution, journal, watch, kept
                    )
                    estimate = scorer.score(pool, others, environment.jobs, check)
                    score = Cell(
                        codec=codec.spec,
                        slice=target.slice,
                        status=Status.OK,
                        run=environment.run,
                        evidence=Evidence.ESTIMATE,
                        plugin=entry.plugin.label,
                        versions=versions_of(codec),
                        digests=dict(codec.digests),
                        coded_bytes=estimate.coded_bytes,
                        model_bytes=dict(codec.model_bytes),
                        card=codec.card,
                        estimate=estimate,
                        code=code.digest,
                    )
                    store.append(score)
                scores.append(score)
                watch.finish(score, reused)
    return scores


@dataclass(frozen=True)
class _Scorer:
    """One codec on one target."""

    plan: Plan
    target: Target
    codec: Codec
    recipe: Recipe
    distribution: str
    journal: ScoreJournal
    watch: Watch
    kept: Path | None = None
    """Where the bits of each symbol go."""

    def score(self, pool: Pool, others: Pool, jobs: int, check: int) -> Estimate:
        """Score the target. Raises ScoreError, Mismatch, StoreError."""
        try:
            sample = self._check_sample(pool, others, check)
            cost = sample.cpu_seconds / max(1, sample.bytes) / jobs
            chunks = self._score_chunks(pool, AHEAD * jobs, cost)
        except WorkerLost as error:
            raise ScoreError(
                f"{self.codec.spec} was not scored on {self.target.slice.corpus}: {error}; if "
                "memory ran out, repeat the command with fewer --jobs to go on"
            ) from error
        return Estimate(
            bits=fsum(chunk.bits for chunk in chunks),
            cpu_seconds=fsum(chunk.cpu_seconds for chunk in chunks),
            check=sample.to_check(),
        )

    def _check_sample(self, pool: Pool, others: Pool, size: int) -> CheckedSample:
        """Score a sample from all over the corpus, and code it. Raises Mismatch."""
        coder: Codec | None = self.codec
        unstrided = None
        if isinstance(self.codec, ScoresOnly):
            coder, unstrided = self.codec.coded_by, self.codec.unstrided
            size *= self.codec.takes_pieces
        sample = take_sample(samples_of(self.plan, self.target), self.target.slice.bytes, size)
        known = self.journal.find(CheckedSample, Key(self.distribution, sample.digest))
        if known is not None:
            return known
        pieces = tuple(p for block in sample.pieces for p in self.codec.pieces(block))
        scored = pool.submit(compute_code_length, self.recipe, pieces)
        blobs: list[bytes] = []
        exact = None
        if coder is not None:
            recipe = replace(self.recipe, codec=coder.spec)
            blobs = pool.submit(encode_pieces, recipe, sample.pieces).result()
            if coder is not self.codec and blobs:
                exact = pool.submit(compute_code_length, recipe, sample.pieces).result()[0]
            returned = others.submit(decode_blobs, recipe, blobs).result()
        if coder is not None and tuple(returned) != sample.pieces:
            raise Mismatch(
                f"{coder.spec} on {self.target.slice.corpus}: of {len(blobs)} blobs that were "
                "made to check the score, one came back as something else; 'codelength run' says "
                "where"
            )
        bits, seconds = scored.result()
        plain = None
        if unstrided is not None:
            recipe = replace(self.recipe, codec=unstrided.spec)
            plain = pool.submit(compute_code_length, recipe, pieces).result()[0]
        checked = CheckedSample(
            distribution=self.distribution,
            data=sample.digest,
            blobs=len(blobs),
            bytes=sample.bytes,
            bits=bits,
            coded_bytes=sum(map(len, blobs)),
            cpu_seconds=seconds,
            unstrided_bits=plain,
            exact_bits=exact,
        )
        self.journal.append(checked)
        return checked

    def _score_chunks(self, pool: Pool, ahead: int, cost: float) -> list[ScoredChunk]:
        """Score all chunks, `ahead` of them at once; `cost` is in seconds a byte."""
        spec, corpus_slice = self.codec.spec, self.target.slice
        scored: list[ScoredChunk] = []
        chunks = cut_chunks(self.codec, samples_of(self.plan, self.target))
        running: dict[Future[tuple[float, float]], Pieces] = {}
        begun = False
        while True:
            while len(running) < ahead and (chunk := next(chunks, None)) is not None:
                known = self.journal.find(ScoredChunk, Key(self.distribution, chunk.digest))
                file = self.kept and self.kept / f"{chunk.digest}.parquet"
                if file and not file.exists():
                    running[pool.submit(keep_symbols, self.recipe, chunk, str(file))] = chunk
                elif known is None:
                    running[pool.submit(compute_code_length, self.recipe, chunk.pieces)] = chunk
                else:
                    scored.append(known)
            if not running:
                return scored
            if not begun:
                left = corpus_slice.bytes - sum(c.bytes for c in scored)
                self.watch.begin(spec, corpus_slice, left, left * cost)
                begun = True
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                chunk, (bits, seconds) = running.pop(future), future.result()
                scored.append(
                    ScoredChunk(
                        distribution=self.distribution,
                        data=chunk.digest,
                        bytes=chunk.bytes,
                        bits=bits,
                        cpu_seconds=seconds,
                    )
                )
                self.journal.append(scored[-1])
            done, bits = sum(c.bytes for c in scored), fsum(c.bits for c in scored)
            self.watch.advance(spec, corpus_slice, done, bits)
