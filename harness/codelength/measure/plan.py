"""What a run has to measure: each corpus as it is cut, and each codec that meets it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from msgspec.structs import replace as replace_struct

from codelength.api.codec import Codec
from codelength.api.corpus import Corpus, Digest, Reading, corpus_digest
from codelength.api.errors import CorpusError
from codelength.api.media import Sample
from codelength.api.protocol import Protocol, head
from codelength.api.sampling import Draw, Limit, draw_blocks, plan_draw, sample_size
from codelength.coding.device import chosen
from codelength.measure.job import Job, Limits, Recipe, Resources
from codelength.plugins import Plugins, Registered
from codelength.results.cell import Cell, CellKey, CorpusSlice, SliceKey
from codelength.results.machine import command_line
from codelength.results.store import Results
from codelength.results.validity import require_valid
from codelength.running import guard_plugin


@dataclass(frozen=True)
class Target:
    """A corpus under a protocol, or what is wrong with it."""

    slice: CorpusSlice
    plugins: tuple[str, ...]
    """The entry points that a worker loads to find corpus and protocol."""
    problem: str | None = None
    readings: Sequence[Reading] = ()
    """What became of each file of the corpus."""
    places: Sequence[Path] = ()
    """Where its bytes lie on this machine."""


@dataclass(frozen=True)
class Plan:
    """Every codec meets every target, but not all of a corpus where that would take too long."""

    plugins: Plugins
    codecs: Sequence[Registered[Codec]]
    targets: Sequence[Target]
    within: float | None = None
    """The seconds that a codec may take for all of a corpus of which there is a sample. One that
    would take longer is measured on the sample only."""
    part: tuple[int, int] = (1, 1)
    """(i, n): only part i of n of the cells. All n parts together are all cells, each once."""
    expected: Mapping[CellKey, float] = field(default_factory=dict)
    """The seconds that cells are expected to take, where that was found out."""

    @property
    def cells(self) -> list[tuple[Registered[Codec], Target]]:
        """What meets what, codec by codec.

        Of each codec every part has about as many bytes. A sample is in one part with the whole.
        """
        number, parts = self.part
        chosen, load = [], [0] * parts
        for entry in self.codecs:
            own, part_of = [0] * parts, dict[tuple[str, str], int]()
            for target in sorted(self.targets, key=lambda target: -target.slice.bytes):
                place = target.slice.key[:2]
                least = min(range(parts), key=lambda part: (own[part], load[part]))
                part = part_of.setdefault(place, least)
                own[part] += 1 + target.slice.bytes
                load[part] += 1 + target.slice.bytes
            of_part = (t for t in self.targets if part_of[t.slice.key[:2]] == number - 1)
            chosen += [(entry, target) for target in of_part]
        return chosen

    @property
    def keys(self) -> set[CellKey]:
        """The places in the tables that this run fills."""
        return {CellKey(entry.item.spec, *target.slice.key) for entry, target in self.cells}

    def too_slow(self, target: Target, cells: Mapping[SliceKey, Cell]) -> bool:
        """Whether a codec leaves out all of a corpus, by what it took for the sample of it."""
        sample = self.sample_of(target)
        cell = cells.get(sample.key) if sample else None
        if not (self.within and sample and sample.draw and cell and cell.encode and cell.decode):
            return False
        return seconds_by_sample(cell, sample.draw.bytes) > self.within

    def sample_of(self, target: Target) -> CorpusSlice | None:
        """The sample that stands beside all of a corpus, if there is one."""
        place, limit = target.slice.key[:2], target.slice.limit
        beside = (t.slice for t in self.targets if t.slice.draw and t.slice.key[:2] == place)
        return None if limit is not None else next(beside, None)

    def latest(self, results: Results) -> list[Cell]:
        """Return the latest cells in the places that this run fills."""
        keys = self.keys
        return [cell for cell in results.current if cell.key in keys]

    def recipe(self, entry: Registered[Codec]) -> Recipe:
        """Return what a process needs to build one of the codecs, and every target."""
        names = (name for target in self.targets for name in target.plugins)
        places = (place for target in self.targets for place in target.places)
        return Recipe.of(self.plugins, entry, names, places)

    def jobs(self, limits: Limits, run: str = "") -> Iterator[tuple[Job, Target]]:
        """Make a job for each cell."""
        job: Job | None = None
        for entry, target in self.cells:
            if job is None or job.recipe.codec != entry.item.spec:
                job = self.job(entry, target.slice, limits, run)
            seconds = self._expect(entry.item, target.slice)
            yield replace(job, slice=target.slice, seconds=seconds), target

    def _expect(self, codec: Codec, of: CorpusSlice) -> float:
        return self.expected.get(CellKey(codec.spec, *of.key), _guess(codec, of))

    def job(self, entry: Registered[Codec], of: CorpusSlice, limits: Limits, run: str = "") -> Job:
        """Return what a process needs to measure one of the codecs on a slice."""
        return Job(
            self.recipe(entry),
            of,
            limits,
            run,
            command=command_line(),
            device=chosen(),
            resources=Resources.of(entry.item, limits),
            seconds=self._expect(entry.item, of),
        )


SECONDS = {"learned": 1e-3, "adaptive": 1e-5}
"""Group of codecs → the seconds that a byte takes, where nothing is known; others take QUICK."""
QUICK = 1e-7


def _guess(codec: Codec, of: CorpusSlice) -> float:
    """Guess how many seconds a codec takes for a slice, to begin with what takes long."""
    return of.bytes * max(SECONDS.get(group, QUICK) for group in (*codec.groups, ""))


def read_slice(plugins: Plugins, corpus_slice: CorpusSlice) -> Iterator[Sample]:
    """Read the samples of a slice."""
    corpus = plugins.corpus(corpus_slice.corpus).item
    protocol = plugins.protocol(corpus_slice.protocol).item
    return protocol.split(_limited(corpus, corpus_slice.limit, corpus_slice.draw))


def make_plan(
    plugins: Plugins,
    codecs: Sequence[Registered[Codec]],
    corpora: Sequence[Registered[Corpus]],
    protocols: Sequence[Registered[Protocol]],
    limit: Limit,
    reading: Callable[[str], None],
    within: float | None = None,
) -> Plan:
    """Read every corpus, as `survey` does, and let every codec meet it.

    Args:
        limit: What of each corpus is measured.
        reading: Is called with the name of each corpus before it is read.
        within: Every codec meets a sample first. One that would take no more than so many seconds
            for all of a corpus meets all of it, too; controls are known well enough by a sample.
    """
    targets = survey(corpora, protocols, limit, reading)
    if within is not None:
        samples = [target for target in targets if target.slice.draw]
        controls = {t.slice.corpus for t in samples if t.slice.entropy is not None}
        rest = [entry for entry in corpora if entry.item.spec not in controls]
        targets = [*samples, *survey(rest, protocols, None, reading)]
    return Plan(plugins, codecs, targets, within)


def seconds_by_sample(cell: Cell, size: int) -> float:
    """Return the seconds that `size` bytes take a codec, by those that a sample took in `cell`."""
    took = sum(phase.seconds for phase in (cell.encode, cell.decode) if phase)
    return took * size / max(1, cell.slice.bytes)


def survey(
    corpora: Sequence[Registered[Corpus]],
    protocols: Sequence[Registered[Protocol]],
    limit: Limit,
    watch: Callable[[str], None],
) -> list[Target]:
    """Reads each corpus once and notes what every codec will see of it.

    A corpus that cannot be read, or is not what it promised, keeps its place with its problem.
    """
    targets = []
    for entry in corpora:
        watch(entry.item.spec)
        checked = False
        readings: Sequence[Reading] = ()
        for rule in protocols:
            problem = None
            plugins = (entry.plugin.name, rule.plugin.name)
            try:
                with guard_plugin(f"reading the corpus {entry.item.spec}"):
                    if not checked and limit is None:
                        _check_digest(entry.item)
                    checked = True
                    corpus_slice = require_valid(_cut(entry.item, rule.item, limit), CorpusSlice)
                    readings = readings or require_valid(entry.item.readings(), list[Reading])
            except Exception as error:  # a corpus is a plugin: whatever it raises is its problem
                problem = " ".join(f"{error}".split()) or type(error).__name__
                corpus_slice = _unread(entry.item, rule.item, limit)
            places = [] if problem else [place.resolve() for place in entry.item.places()]
            targets.append(Target(corpus_slice, plugins, problem, readings, places))
    return targets


def _check_digest(corpus: Corpus) -> None:
    if corpus.digest is None:
        return
    found = corpus_digest(corpus.samples())
    if found != corpus.digest:
        raise CorpusError(
            f"corpus {corpus.spec} is not what it should be: digest {found[:12]}…, expected "
            f"{corpus.digest[:12]}…; 'codelength corpus verify {corpus.name}' says more"
        )


def _limited(corpus: Corpus, limit: Limit, draw: Draw | None) -> Iterator[Sample]:
    """Read a corpus, its head, or the blocks of a draw."""
    if draw:
        return draw_blocks(corpus.samples(), draw)
    return head(corpus.samples(), limit if isinstance(limit, int) else None)


def _cut(corpus: Corpus, rule: Protocol, limit: Limit) -> CorpusSlice:
    digest, kinds = Digest(), set()
    samples = size = 0
    drawn = sample_size(limit)
    draw = None if drawn is None else plan_draw(corpus.samples(), drawn)
    for sample in rule.split(_limited(corpus, limit, draw)):
        digest.add(sample)
        kinds.add(sample.media.kind)
        samples += 1
        size += len(sample.data)
    if not samples:
        short = draw and f": blocks of {draw.block:,} bytes are too short; take more, or a head"
        raise CorpusError(
            f"corpus {corpus.spec} has nothing to code under {rule.spec}{short or ''}"
        )
    return replace_struct(
        _unread(corpus, rule, limit),
        kind=kinds.pop() if corpus.kind == "raw" and len(kinds) == 1 else corpus.kind,
        samples=samples,
        bytes=size,
        digest=digest.hexdigest(),
        label=corpus.label,
        remark=corpus.remark,
        entropy=corpus.entropy,
        draw=draw,
        published=corpus.published,
    )


def _unread(corpus: Corpus, rule: Protocol, limit: Limit) -> CorpusSlice:
    return CorpusSlice(
        corpus=corpus.spec,
        protocol=rule.spec,
        kind=corpus.kind,
        samples=0,
        bytes=0,
        digest="",
        limit=limit,
        header_once=rule.header_once,
    )
