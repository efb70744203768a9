"""Scores targets: first a sample that is also coded, then all chunks, each stored as it comes."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from hashlib import sha256
from math import fsum
from typing import Protocol

from codelength.api.codec import Codec, dependencies_of
from codelength.api.corpus import Corpus
from codelength.api.errors import CodelengthError
from codelength.api.media import Sample
from codelength.api.protocol import head, protocol
from codelength.plugins import Registered
from codelength.results.cell import CorpusSlice, Environment
from codelength.results.journal import Journal
from codelength.results.score import Check, Chunk, Score, Scores
from codelength.run.job import Recipe
from codelength.workers.pool import Pool
from codelength.workers.supervisor import WorkerLost
from codelength_studies.score.chunks import Pieces, chunks, spread
from codelength_studies.score.tasks import coded, decoded, ideal

AHEAD = 2
"""Chunks read for each process before it asks."""


class ScoreError(CodelengthError):
    """A score that did not come about."""

    exit_code = 3


class Mismatch(CodelengthError):
    """A sample that did not come back from its blob."""

    exit_code = 4


class Watch(Protocol):
    """Told how it goes on."""

    def cost(self, codec: str, corpus_slice: CorpusSlice, left: int, seconds: float) -> None:
        """So many bytes are left of this target, and will take about so many seconds."""

    def advanced(self, codec: str, corpus_slice: CorpusSlice, done: int, bits: float) -> None:
        """So many bytes of it have been scored, at so many bits together."""

    def finished(self, score: Score, reused: bool) -> None:
        """A target is done."""


def law_of(codec: Codec) -> str:
    """What tells the law of `codec` from others: another library or other weights, another law."""
    facts = [codec.spec, *(f"{k} {v}" for k, v in sorted(dependencies_of(codec).items()))]
    return sha256("\n".join(facts).encode()).hexdigest()[:32]


def score_all(
    codecs: Sequence[tuple[Codec, Recipe]],
    targets: Sequence[tuple[Registered[Corpus], CorpusSlice]],
    known: Scores,
    journal: Journal,
    environment: Environment,
    check: int,
    watch: Watch,
) -> list[Score]:
    """The score of every codec on every target, by `environment.jobs` processes at once; of each,
    about `check` bytes are coded, too. What `known` holds is not done again.

    Raises ScoreError, Mismatch, StoreError; the chunks that were scored are in the journal.
    """
    results = []
    journal.append(environment)
    with Pool(environment.jobs) as pool, Pool(1) as others:
        for codec, recipe in codecs:
            law = law_of(codec)
            for entry, corpus_slice in targets:
                found = known.find(codec.spec, law, corpus_slice)
                if found is None:
                    worker = _Scorer(
                        codec, recipe, law, entry.item, corpus_slice, known, journal, watch
                    )
                    try:
                        checked = worker.check(pool, others, check)
                        bits, seconds = worker.total(pool, environment.jobs, checked)
                    except WorkerLost as error:
                        raise ScoreError(
                            f"{codec.spec} was not scored on {corpus_slice.corpus}: {error}; if "
                            "memory ran out, repeat the command with fewer --jobs to go on"
                        ) from error
                    score = Score(
                        codec=codec.spec,
                        slice=corpus_slice,
                        law=law,
                        run=environment.run,
                        bits=bits,
                        cpu_seconds=seconds,
                        model_bytes=dict(codec.model_bytes),
                        check=checked,
                    )
                    journal.append(score)
                results.append(found or score)
                watch.finished(results[-1], found is not None)
    return results


class _Scorer:
    """One codec on one target."""

    def __init__(
        self,
        codec: Codec,
        recipe: Recipe,
        law: str,
        corpus: Corpus,
        corpus_slice: CorpusSlice,
        known: Scores,
        journal: Journal,
        watch: Watch,
    ) -> None:
        self._codec, self._recipe, self._law = codec, recipe, law
        self._corpus, self._cut = corpus, corpus_slice
        self._known, self._journal, self._watch = known, journal, watch

    def _samples(self) -> Iterator[Sample]:
        return protocol(self._cut.protocol).split(head(self._corpus.samples(), self._cut.limit))

    def check(self, pool: Pool, others: Pool, size: int) -> Check:
        """Scores a sample from all over the corpus, and codes it. Raises Mismatch."""
        sample = spread(self._samples(), self._cut.bytes, size)
        found = self._known.checks.get((self._law, sample.digest))
        if found is not None:
            return found
        pieces = tuple(p for block in sample.pieces for p in self._codec.pieces(block))
        scored = pool.submit(ideal, self._recipe, pieces)
        blobs = pool.submit(coded, self._recipe, sample.pieces).result()
        if tuple(others.submit(decoded, self._recipe, blobs).result()) != sample.pieces:
            raise Mismatch(
                f"{self._codec.spec} on {self._cut.corpus}: of {len(blobs)} blobs that were made "
                "to check the score, one came back as something else; 'codelength run' says where"
            )
        bits, seconds = scored.result()
        check = Check(
            law=self._law,
            data=sample.digest,
            blobs=len(blobs),
            bytes=sample.bytes,
            bits=bits,
            coded_bytes=sum(map(len, blobs)),
            cpu_seconds=seconds,
        )
        self._journal.append(check)
        return check

    def total(self, pool: Pool, jobs: int, check: Check) -> tuple[float, float]:
        """Bits and CPU seconds of the whole target."""
        scored: list[Chunk] = []
        missing = chunks(self._codec, self._samples())
        running: dict[Future[tuple[float, float]], Pieces] = {}
        told = False
        while True:
            while len(running) < AHEAD * jobs and (chunk := next(missing, None)) is not None:
                found = self._known.chunks.get((self._law, chunk.digest))
                if found is None:
                    running[pool.submit(ideal, self._recipe, chunk.pieces)] = chunk
                else:
                    scored.append(found)
            if not running:
                return fsum(c.bits for c in scored), fsum(c.cpu_seconds for c in scored)
            if not told:
                left = self._cut.bytes - sum(c.bytes for c in scored)
                cost = left * check.cpu_seconds / max(1, check.bytes) / jobs
                self._watch.cost(self._codec.spec, self._cut, left, cost)
                told = True
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                chunk, (bits, seconds) = running.pop(future), future.result()
                scored.append(
                    Chunk(
                        law=self._law,
                        data=chunk.digest,
                        bytes=chunk.bytes,
                        bits=bits,
                        cpu_seconds=seconds,
                    )
                )
                self._journal.append(scored[-1])
            done = sum(c.bytes for c in scored)
            so_far = fsum(c.bits for c in scored)
            self._watch.advanced(self._codec.spec, self._cut, done, so_far)
