"""Points on disk, models in a folder, and the commands that train them."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from codelength import RAW, Codec, Media, ModelCard
from codelength.api.errors import UsageError
from codelength.plugins import Plugin, Registered
from codelength_studies.scaling.ladder import Point, group_points, read_points, write_points
from codelength_studies.scaling.models import Model, find_models, points_of, specs_in_folder
from codelength_studies.scaling.page import rate_table
from codelength_studies.scaling.training import COST, plan_runs
from factories import broken, cell, corpus_slice


def test_points_come_back_as_they_were_written(tmp_path: Path) -> None:
    some = [
        Point("enwik6", 1000, 64, 1 / 3, "coded", "recurrent:weights=a,segment=1"),
        Point("kodak", 70_000_000, 1000, 0.25, "score", "", 51_000_000, 2_000_000),
    ]
    write_points(tmp_path / "points.csv", some)
    assert read_points(tmp_path / "points.csv") == some
    assert [ladder.corpus for ladder in group_points(some)] == ["enwik6", "kodak"]


def test_three_columns_are_enough(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("parameters,steps,rate\n70e6,1000,0.22\n")
    assert read_points(tmp_path / "mine.csv") == [Point("mine", 70_000_000, 1000, 0.22, "coded")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks the column 'parameters'"),
        ("parameters,steps\n1,1\n", "lacks the column 'rate'"),
        ("parameters,steps,rate\n", "has no points"),
        ("parameters,steps,rate\n1,1,0.5\n1,many,0.5\n", ":3 is no point"),
        ("parameters,steps,rate\n1,0,0.5\n", ":2 is no point"),
        ("parameters,steps,rate\n1,1,nan\n", ":2 is no point"),
        ("parameters,steps,rate\n1,inf,0.5\n", ":2 is no point"),
        ("parameters,steps,rate,tokens\n1,1,0.5,many\n", ":2 is no point"),
        ("parameters,steps,rate\n1,1\n", ":2 is no point"),
        ("parameters,steps,rate,how\n1,1,0.5,guessed\n", ":2 is no point"),
    ],
)
def test_what_is_no_ladder_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(UsageError, match=message) as raised:
        read_points(tmp_path / "bad.csv")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_or_not_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("a.csv", "b.csv"):
        with pytest.raises(UsageError, match="cannot be read"):
            read_points(tmp_path / name)


@dataclass(frozen=True)
class Trained(Codec):
    """A model of twice as many parameters as it was trained for steps, or of none it knows of."""

    name: ClassVar[str] = "model"
    file: str = ""

    def encode(self, data: bytes, media: Media = RAW) -> bytes:
        return data

    def decode(self, blob: bytes) -> bytes:
        return blob

    @property
    def card(self) -> ModelCard:
        return ModelCard(None if "unknown" in self.file else 2000)


class OneCodec:
    """Plugins that have one codec."""

    def codec(self, spec: str) -> Registered[Codec]:
        return Registered(Trained(spec.removeprefix("model:")), Plugin("here", "here", "1"))


def model(file: str) -> Model:
    (found,) = find_models(OneCodec(), [f"model:{file}"])  # type: ignore[arg-type]
    return found


def test_the_name_says_the_steps_and_the_card_the_parameters() -> None:
    assert model("ladder-30k-step400.safetensors").steps == 400
    assert model("step7/model,revision=step8000").steps == 8000
    assert model("step400").parameters == 2000


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("final.safetensors", "does not say after how many steps"),
        ("step0", "does not say after how many steps"),
        ("unknown-step4", "does not say how many parameters"),
    ],
)
def test_a_model_that_does_not_say_is_refused(file: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        model(file)


def test_the_models_of_a_folder_are_its_weights_with_steps(tmp_path: Path) -> None:
    for name in ("a-step4.safetensors", "a-step8.safetensors", "a.checkpoint", "a-step4.txt"):
        (tmp_path / name).touch()
    (tmp_path / "t-step2").mkdir()
    assert specs_in_folder(tmp_path, "model:{}") == [
        f"model:{tmp_path}/{name}"
        for name in ("a-step4.safetensors", "a-step8.safetensors", "t-step2")
    ]
    with pytest.raises(UsageError, match=r"has no \{\}"):
        specs_in_folder(tmp_path, "model")
    with pytest.raises(UsageError, match="is no folder"):
        specs_in_folder(tmp_path / "nowhere", "model:{}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="has no weights"):
        specs_in_folder(tmp_path / "empty", "model:{}")


def test_cells_without_figures_give_no_point() -> None:
    one = model("step4")
    of = corpus_slice("prose", 1000)
    results = [cell(one.entry.item.spec, of, 250), broken(one.entry.item.spec), cell("gzip", of)]
    assert points_of([one], results) == [
        Point("prose", 2000, 4, 0.25, "coded", one.entry.item.spec)
    ]


def test_a_size_is_done_when_all_its_weights_are_there(tmp_path: Path) -> None:
    small, large = plan_runs("recurrent", "10k,1m", 1, "4,8", tmp_path, ["--data", "x"])
    assert small.command == [
        *("train", "recurrent", "--size", "10k", "--save-at", "4,8"),
        *("--out", f"{tmp_path}/recurrent-10k.safetensors", "--data", "x"),
    ]
    for step in (4, 8, 16):
        assert small.is_done == (step == 16)
        (tmp_path / f"recurrent-10k-step{step}.safetensors").touch()
    assert not large.is_done
    (tmp_path / "recurrent-1m-step14.safetensors").touch()
    (tmp_path / "recurrent-1m-step8.safetensors").touch()
    assert not large.is_done


def test_several_runs_of_a_size_have_seeds_in_their_names_and_points(tmp_path: Path) -> None:
    runs = plan_runs("recurrent", "10k,1m", 2, "4,8", tmp_path, [])
    assert [(run.size, run.seed) for run in runs] == [("10k", 0), ("1m", 0), ("10k", 1), ("1m", 1)]
    assert runs[2].command[-4:] == [
        *("--seed", "1", "--out", f"{tmp_path}/recurrent-10k-seed1.safetensors")
    ]
    names = [
        f"recurrent-10k-seed{seed}-step{step}.safetensors" for seed in (0, 1) for step in (4, 8)
    ]
    points = [Point("c", 10, 4, 0.5, "coded", f"model:{name}") for name in names]
    assert [point.run for point in points[:2]] == [points[0].run] * 2
    assert points[0].run != points[2].run
    (ladder,) = group_points(points)
    assert len(ladder.by_run()[10]) == 2


def test_operations_of_training_are_six_for_each_parameter_and_token() -> None:
    assert Point("c", 10, 4, 0.5, "coded", "", 4, 100).flops == 3600
    assert Point("c", 10, 4, 0.5, "coded").flops is None


@pytest.mark.parametrize("steps", ["", "8,4", "4,4", "0,4", "4,x"])
def test_steps_that_do_not_rise_are_refused(tmp_path: Path, steps: str) -> None:
    with pytest.raises(UsageError, match="it takes rising numbers"):
        plan_runs("recurrent", "10k", 1, steps, tmp_path, [])


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("2,045 steps take about 40 s", (None, None, "40")),
        ("5 steps take about 12 min", (None, "12", None)),
        ("5 steps take about 3 h 20 min", ("3", "20", None)),
    ],
)
def test_the_cost_that_training_tells_is_understood(line: str, parts: tuple[str, ...]) -> None:
    found = COST.search(line)
    assert found is not None
    assert found.groups() == parts


def test_the_committed_ladder_gives_the_rates_of_its_page() -> None:
    folder = Path(__file__).parents[3] / "reports/scaling"
    text = (folder / "scaling.md").read_text()
    ladders = group_points(read_points(folder / "points.csv"))
    assert ladders
    for ladder in ladders:
        assert rate_table(ladder).markdown() in text
