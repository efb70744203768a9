"""What is measured for a price: once for each digest of weights, kept with the results."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from codelength.api.codec import Codec
from codelength.api.errors import StoreError
from codelength.cli.pricing import DECODERS, MODELS, price_cells
from codelength.metrics.price import COMPRESSED, apply_price
from codelength.metrics.rates import adjusted_ratio
from codelength.plugins import Plugins, Registered
from codelength.results.cell import Cell
from codelength.results.store import load
from factories import cell

MODEL = "recurrent:size=0.2m"


class Few(Plugins):
    """A host whose default run has two codecs."""

    names = "gzip,bz2"

    def select_codecs(self, specs: str | None) -> Sequence[Registered[Codec]]:  # type: ignore[override]
        return super().select_codecs(specs or self.names)


@pytest.fixture(scope="module")
def plugins() -> Few:
    return Few()


def measured(plugins: Plugins, **changes: object) -> Cell:
    """An invented result of a bundled model."""
    codec = plugins.codec(MODEL).item
    fields = {
        "model_bytes": codec.model_bytes,
        "card": codec.card,
        "versions": codec.versions,
        "digests": codec.digests,
    }
    return cell(MODEL, coded=200, **(fields | changes))


def test_weights_are_coded_and_decoded_by_every_codec_and_the_smallest_counts(
    plugins: Few, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lm = measured(plugins)
    found = price_cells(COMPRESSED, False, [lm, cell("gzip")], plugins, [tmp_path])
    tried = load(tmp_path / MODELS).current
    assert {c.codec for c in tried} == {"gzip:level=9", "bz2:level=9"}
    assert all(c.ok and c.decode and c.slice.bytes == lm.model_bytes["weights"] for c in tried)
    (best,) = found.compressed.values()
    assert best.bytes == min(c.coded_bytes for c in tried)
    assert best.of == 2
    assert apply_price(lm, found).model_bytes == {f"weights by {best.by}": best.bytes}
    assert "is coded by 2 codecs" in capsys.readouterr().err

    again = price_cells(COMPRESSED, False, [lm], plugins, [tmp_path])
    assert again.compressed == found.compressed
    assert load(tmp_path / MODELS).current == tried
    assert not capsys.readouterr().err  # nothing was measured, and nobody was told so


def test_other_weights_than_the_ones_measured_have_no_price(
    plugins: Few, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lm = measured(plugins, digests={"weights": "sha256:of other weights"})
    found = price_cells(COMPRESSED, False, [lm], plugins, [tmp_path])
    assert adjusted_ratio(apply_price(lm, found)) is None
    assert (
        "no price for the model of recurrent:size=0.2m: its weights are sha256:of"
        in capsys.readouterr().err
    )


def test_a_codec_that_is_not_here_costs_its_price_and_not_the_report(
    plugins: Few, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = cell("strange", model_bytes={"weights": 9}, digests={"weights": "sha256:1"})
    found = price_cells(COMPRESSED, True, [strange], plugins, [tmp_path])
    assert adjusted_ratio(apply_price(strange, found)) is None
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "no price for the model of strange",
        "no price for the decoder of strange",
    ]


def test_decoders_are_measured_once_and_say_which_files_they_are(
    plugins: Few, tmp_path: Path
) -> None:
    codec = plugins.codec("order2").item
    priced = cell(codec.spec, versions=codec.versions, plugin="codelength 0.1.0")
    found = price_cells("stored", True, [priced], plugins, [tmp_path])
    kept = msgspec.json.decode((tmp_path / DECODERS).read_bytes())
    (entry,) = kept.values()
    assert found.decoders == {next(iter(kept)): entry["zipped"]}
    assert "codelength_order2/__init__.py" in entry["files"]
    assert apply_price(priced, found).model_bytes == {"decoder": entry["zipped"]}
    before = (tmp_path / DECODERS).stat().st_mtime_ns
    assert price_cells("stored", True, [priced], plugins, [tmp_path]) == found
    assert (tmp_path / DECODERS).stat().st_mtime_ns == before


def test_a_decoder_of_another_version_is_not_the_one_that_was_measured(
    plugins: Few, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = cell("gzip:level=9", versions={"zlib": "1.0"})
    found = price_cells("stored", True, [old], plugins, [tmp_path])
    assert adjusted_ratio(apply_price(old, found)) is None
    assert "it was measured with {'zlib': '1.0'}" in capsys.readouterr().err


def test_a_file_of_decoders_that_is_none_is_named(plugins: Few, tmp_path: Path) -> None:
    (tmp_path / DECODERS).write_text("{")
    with pytest.raises(StoreError, match=r"decoders.json cannot be read.*remove it"):
        price_cells("stored", True, [cell("gzip")], plugins, [tmp_path])
