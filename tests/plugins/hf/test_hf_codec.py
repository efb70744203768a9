"""Blobs: real ones, of every architecture, decoded otherwise than they were encoded."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import hf_models as models
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from codelength import CorruptBlob, Sample, Unavailable, UsageError
from codelength.api.spec import build, split_spec
from codelength.cli import cli
from codelength.coding.code_length import code_lengths
from codelength.coding.predictor import Predictor
from codelength.coding.range_coder import FINE
from codelength.testing import check_predictor
from codelength_container.container import Container, pack
from codelength_hf import HfCodec
from codelength_hf.checkpoint import open_checkpoint
from codelength_hf.predictor import ExactPredictor
from codelength_hf.quantise_checkpoint import shrink

FAMILIES = ("gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3")
each_family = pytest.mark.parametrize("family", FAMILIES)

DATA = [
    models.text()[-700:].encode(),
    b"",
    bytes(range(256)),
    "naïve, e\u0301 <|endoftext|> </s>".encode()[:-1],
    b"x",
    models.text()[-300:-100].encode() + b"\xff\x00",
]
SAMPLES = [Sample(str(i), data) for i, data in enumerate(DATA)]


@each_family
def test_a_blob_made_in_parallel_decodes_one_stream_at_a_time(folders, family):
    codec = HfCodec(model=str(folders[family]), window=64)
    blobs = codec.encode_many(SAMPLES)
    assert [codec.decode(blob) for blob in blobs[1:]] == DATA[1:]
    assert codec.decode_many(blobs) == DATA
    assert codec.encode(DATA[3]) == blobs[3]
    assert len(blobs[0]) < 700 * 4.3 / 8, "it should have learned to predict text"
    assert [sum(codec.ledger(blob).values()) for blob in blobs] == [len(blob) for blob in blobs]


@each_family
def test_another_process_with_other_threads_decodes(folders, family, tmp_path):
    codec = HfCodec(model=str(folders[family]))
    data = DATA[5]
    (tmp_path / "blob").write_bytes(codec.encode(data))
    program = (
        "import sys; from pathlib import Path; from codelength_hf import HfCodec\n"
        "model, blob = sys.argv[1:]\n"
        "sys.stdout.buffer.write(HfCodec(model=model).decode(Path(blob).read_bytes()))\n"
    )
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "3")
    command = [sys.executable, "-c", program, str(folders[family]), str(tmp_path / "blob")]
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, **threads})
    assert done.stdout == data


@pytest.mark.parametrize("window", [2, 7, 300])
def test_parallel_and_stepwise_agree_across_segments(folders, window):
    predictor = ExactPredictor(
        open_checkpoint(str(folders["llama"]), None, False), min(window, 256)
    )
    data = models.text()[-800:].encode()
    symbols = predictor.tokenize(data)
    batch = [symbols[:40], symbols[:0], symbols[20:33], symbols[5:6]]
    assert_same(views(predictor, batch))


@pytest.mark.parametrize("stride", [1, 20, 63, 64])
def test_a_stride_reads_tokens_again_and_agrees(folders, stride):
    checkpoint = open_checkpoint(str(folders["llama"]), None, False)
    plain = ExactPredictor(checkpoint, window=64)
    strided = replace(plain, stride=stride)
    text = models.text()[-900:]
    batch = [plain.tokenize(text[:n].encode()) for n in (900, 300, 120, 0)]
    assert_same(views(strided, batch))
    bits = [sum(lengths.sum() for lengths in code_lengths(p, batch)) for p in (plain, strided)]
    assert bits[1] == bits[0] if stride == 64 else bits[1] < bits[0]


def test_short_texts_take_less_memory_so_more_of_them_go_in_step(folders, monkeypatch):
    predictor = ExactPredictor(open_checkpoint(str(folders["llama"]), None, False))
    window = predictor.model.window
    monkeypatch.setattr("codelength_hf.predictor.MEMORY", 4 * predictor.model.remembers(window))
    assert predictor.batch == predictor.batch_of(10 * window) == 4
    assert predictor.batch_of(window // 8 - 1) == 32
    stepper = predictor.stepper([3, 2])
    for _ in range(4):  # one more than it was told
        stepper.advance(np.zeros(2, np.int64))
    with pytest.raises(IndexError):
        stepper.frequencies()


def test_a_stride_codes_escapes_alike_and_has_bounds(folders):
    codec = HfCodec(model=str(folders["llama"]), window=64, stride=40)
    blobs = codec.encode_many(SAMPLES)
    assert [codec.decode(blob) for blob in blobs] == codec.decode_many(blobs) == DATA
    assert [sum(codec.ledger(blob).values()) for blob in blobs] == [len(blob) for blob in blobs]
    with pytest.raises(UsageError, match="window is 64 tokens"):
        HfCodec(model=str(folders["llama"]), window=64, stride=65).encode(b"text")
    with pytest.raises(UsageError, match="1 token or more"):
        HfCodec(stride=0)
    with pytest.raises(UsageError, match="exact=false"):
        HfCodec(stride=9, exact=False)


def test_escapes_are_coded_and_agree(tmp_path):
    tokenizer = models.words()
    sizes = models.Sizes(vocabulary=tokenizer.get_vocab_size(), width=16, hidden=24)
    folder = models.save(models.model("llama", sizes), tmp_path, tokenizer)
    codec = HfCodec(model=str(folder))
    predictor = codec.predictor
    assert predictor.escapes > 200
    for distribution in (predictor, replace(predictor, fold=True)):
        symbols = np.minimum(predictor.tokenize(b"The \xff value Of It"), distribution.alphabet - 1)
        assert_same(views(distribution, [symbols, symbols[:3]]))
    blobs = codec.encode_many(SAMPLES)
    assert codec.decode_many(blobs) == DATA
    ledger = codec.ledger(blobs[2])
    assert ledger["escapes"] > 200
    assert sum(ledger.values()) == len(blobs[2])
    assert len(blobs[2]) < 2 * 256


def views(predictor: Predictor, batch: list[np.ndarray]) -> tuple[list[np.ndarray], ...]:
    """The distributions of each sequence: all at once, and step by step."""
    found = []
    for blocks in (predictor.frequencies(batch), Predictor.frequencies(predictor, batch)):
        rows: list[list[np.ndarray]] = [[] for _ in batch]
        for i, block in blocks:
            rows[i].append(block.copy())
        empty = np.empty((0, predictor.alphabet), np.int32)
        found.append([np.concatenate([empty, *pieces]) for pieces in rows])
    return tuple(found)


def assert_same(found: tuple[list[np.ndarray], ...]) -> None:
    for whole, stepped in zip(*found, strict=True):
        assert np.array_equal(whole, stepped)
        assert whole.min(initial=1) >= 1
        assert whole.sum(1, dtype=np.int64).max(initial=0) < 1 << 24


@pytest.mark.parametrize("vocabulary", [256, 257])
def test_a_model_of_bytes_needs_no_tokenizer(tmp_path, vocabulary):
    sizes = models.Sizes(vocabulary=vocabulary, width=32, hidden=40)
    begin = {"bos_token_id": vocabulary - 1}
    folder = models.save(models.model("llama", sizes, **begin), tmp_path)
    codec = HfCodec(model=str(folder))
    assert codec.predictor.alphabet == 256
    assert codec.model_bytes["tokenizer"] == 0
    assert codec.decode(codec.encode(DATA[5])) == DATA[5]


def test_a_shrunk_model_is_a_quarter_and_codes_alike(folders, tmp_path):
    shrink(folders["llama"], tmp_path, {"made": "by a test"})
    large, small = (folder / "model.safetensors" for folder in (folders["llama"], tmp_path))
    assert small.stat().st_size < large.stat().st_size / 3
    codec = HfCodec(model=str(tmp_path), window=64)
    blob = codec.encode(DATA[0])
    assert codec.decode(blob) == DATA[0]
    whole = HfCodec(model=str(folders["llama"]), window=64)
    assert codec.model_bytes == whole.model_bytes
    assert abs(len(blob) - len(whole.encode(DATA[0]))) <= 1


def test_seven_bits_are_shown_and_the_eighth_is_coded(folders):
    codec = HfCodec(model=str(folders["gpt_neox"]), window=64, bits=7)
    data = [b"plain", "naïve 東京".encode(), bytes(range(256)), b""]
    blobs = codec.encode_many([Sample("", piece) for piece in data])
    assert codec.decode_many(blobs) == data
    for blob in blobs:
        assert sum(codec.ledger(blob).values()) == len(blob)
    assert [codec.ledger(blob)["eighth bit"] > 1 for blob in blobs] == [False, True, True, False]


def test_it_can_be_listed_and_names_its_model(folders):
    codec = HfCodec(model="some/model", revision="step8000")
    name, settings = split_spec(codec.spec)
    assert name == "hf"
    assert build(HfCodec, settings) == codec
    assert build(HfCodec, "model=a/b,pickle=true").pickle is True
    real = HfCodec(model=str(folders["llama"]))
    real.check_available()
    assert real.digests["weights"].startswith("sha256:")
    assert real.model_bytes["weights"] < (folders["llama"] / "model.safetensors").stat().st_size / 3
    assert real.model_bytes["tokenizer"] == (folders["llama"] / "tokenizer.json").stat().st_size


def test_importing_the_plugin_imports_no_library():
    program = (
        "import sys, codelength_hf\n"
        "heavy = 'numpy torch transformers tokenizers numba safetensors'.split()\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def refused(codec: HfCodec, kind: type[Exception], *words: str) -> None:
    def load() -> None:
        codec.check_available()
        _ = codec.predictor.model

    with pytest.raises(kind) as caught:
        load()
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_what_is_missing_is_named_with_the_next_move(folders, tmp_path):
    refused(HfCodec(), Unavailable, "hf:model=")
    refused(HfCodec(model="/no/such/folder"), Unavailable, "/no/such/folder", "folder")
    refused(HfCodec(model=str(tmp_path)), Unavailable, "config.json")
    refused(
        HfCodec(model="EleutherAI/pythia-70m", revision="step8000"),
        Unavailable,
        "hf download EleutherAI/pythia-70m --revision step8000",
    )
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    refused(HfCodec(model=str(tmp_path)), Unavailable, "no language model", "vocab_size")
    refused(HfCodec(model=str(folders["gpt2"]), revision="main"), UsageError, "revision")
    refused(HfCodec(model=str(folders["gpt2"]), window=9999), UsageError, "256")


def test_a_model_without_its_tokenizer_is_refused(tmp_path):
    models.save(models.model("gpt2"), tmp_path)
    refused(HfCodec(model=str(tmp_path)), Unavailable, "tokenizer.json", "save_pretrained")


def test_an_architecture_without_exact_execution_is_refused(tmp_path, folders):
    for file in folders["gpt2"].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"gpt2"', '"xlnet"'))
    refused(HfCodec(model=str(tmp_path)), UsageError, "xlnet", "exact=false")


def test_pickles_are_read_only_when_asked_for(tmp_path, folders):
    source = folders["llama"]
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    made = type(models.model("llama")).from_pretrained(source)
    torch.save(made.state_dict(), tmp_path / "pytorch_model.bin")
    refused(HfCodec(model=str(tmp_path)), Unavailable, "pickle=true")
    asked = HfCodec(model=str(tmp_path), pickle=True, window=64)
    blob = asked.encode(DATA[0])
    assert blob == HfCodec(model=str(source), window=64).encode(DATA[0])


def test_a_container_is_refused_by_another_model_before_it_decodes(folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("text").write_bytes(DATA[0])
    shutil.copytree(folders["llama"], "model")
    ran = models.command("compress", "text", "-c", "hf:model=model,window=64", "-o", "text.cdl")
    assert ran.returncode == 0, ran.stderr
    Path("model").rename("moved")
    ran = models.command("decompress", "text.cdl", "-c", "hf:model=moved", "-o", "moved-back")
    assert ran.returncode == 0, ran.stderr
    assert Path("moved-back").read_bytes() == DATA[0]
    Path("moved").rename("model")
    shutil.copy(folders["mistral"] / "config.json", "model")
    ran = models.command("decompress", "text.cdl", "-o", "back")
    assert ran.returncode == 2
    assert (
        "made by hf:model=model,window=64,exact=true,activations=16 with weights sha256:"
        in ran.stderr
    )
    assert ran.stderr.endswith("; only the same decodes it\n")
    assert not Path("back").exists()


def test_damaged_blobs_are_never_taken_for_the_whole(folders):
    codec = HfCodec(model=str(folders["gpt2"]), window=64)
    blob = codec.encode(DATA[5])
    for damaged in (blob[:-9], blob[:5], b"", b"\xff" * 9, blob + b"\0"):
        with pytest.raises(CorruptBlob):
            codec.decode(damaged)
    with suppress(CorruptBlob):  # a byte less may be another blob
        assert codec.decode(blob[:-1]) != DATA[5]


def test_a_large_vocabulary_is_coded_in_fine_frequencies(tmp_path):
    tokenizer = models.byte_level(5000)
    vocabulary = tokenizer.get_vocab_size()
    assert vocabulary > 4096
    sizes = models.Sizes(vocabulary=vocabulary, width=32, hidden=48)
    folder = models.save(models.model("llama", sizes), tmp_path, tokenizer)
    codec = HfCodec(model=str(folder), window=64)
    predictor = codec.model_predictor
    assert predictor.precision == FINE
    check_predictor(predictor)
    blobs = codec.encode_many(SAMPLES)
    assert codec.decode_many(blobs) == DATA
    bits = sum(float(one.sum()) for one in codec.code_lengths(SAMPLES) or ())
    assert sum(map(len, blobs)) * 8 == pytest.approx(bits, abs=8 * 6 * len(blobs))


def test_activations_of_8_bits_are_what_containers_without_the_setting_mean(folders, tmp_path):
    folder = folders["llama"]
    eight = HfCodec(model=str(folder), activations=8)
    blob = eight.encode(DATA[0])
    assert HfCodec(model=str(folder)).encode(DATA[0]) != blob
    with pytest.raises(UsageError, match="8 or 16"):
        HfCodec(model=str(folder), activations=12)
    container = b"".join(pack(eight, BytesIO(DATA[0])))
    setting = b",activations=8"
    assert setting in container
    header = Container(BytesIO(container), "it").header
    older = replace(header, codec=header.codec.replace(setting.decode(), ""))
    path = tmp_path / "older.cdl"
    path.write_bytes(older.record() + container[len(header.record()) :])
    done = CliRunner().invoke(cli, ["decompress", str(path), "-o", str(tmp_path / "back")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "back").read_bytes() == DATA[0]


def test_a_checkpoint_of_int8_matrices_runs_with_the_activations_that_it_was_made_for(tmp_path):
    shrink(
        models.save(models.model("llama"), tmp_path / "whole", models.byte_level()),
        tmp_path / "small",
        {},
    )
    small = str(tmp_path / "small")
    blobs = [HfCodec(model=small, activations=bits).encode(DATA[3]) for bits in (8, 16)]
    assert blobs[0] == blobs[1]
