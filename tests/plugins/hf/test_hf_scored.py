"""Models that are only scored: the same bits as step by step, in any windows, by any backend."""

import math
import sys
from types import SimpleNamespace

import hf_models as models
import numpy as np
import pytest
import torch

from codelength import Sample, Unsupported, UsageError
from codelength.plugins import Plugins
from codelength.results.cell import Evidence
from codelength.results.store import load
from codelength_hf import HfCodec, windows
from codelength_hf.float_model import load_model
from codelength_hf.scored import SEGMENT, ImportedModel, TorchModel, VllmModel
from codelength_hf.windows import Window, cut_windows

TEXT = models.text()[-700:].encode()
ODD = TEXT[:90] + b"\xff\x00\xfe" + TEXT[90:200]


def bits_of(codec, data):
    (bits,) = codec.code_lengths([Sample("", data)])
    assert len(bits) == len(data)
    return bits


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_a_score_is_what_the_model_codes_with_one_step_at_a_time(folders, family):
    scored = TorchModel(model=str(folders[family]), window=16)
    stepped = HfCodec(model=str(folders[family]), exact=False, window=16)
    for data in (TEXT, ODD, b"", b"a"):
        assert bits_of(scored, data).sum() == pytest.approx(bits_of(stepped, data).sum(), rel=2e-3)


def test_windows_are_those_of_the_codec():
    assert list(cut_windows(0, 4, None)) == []
    assert list(cut_windows(9, 4, None)) == [Window(0, 0, 4), Window(4, 4, 8), Window(8, 8, 9)]
    assert list(cut_windows(9, 4, 2)) == [
        Window(0, 0, 4),
        Window(2, 4, 6),
        Window(4, 6, 8),
        Window(6, 8, 9),
    ]


def test_a_stride_gives_what_the_exact_codec_codes_with_it(folders):
    settings = {"model": str(folders["gpt2"]), "window": 16, "stride": 4}
    strided, plain = TorchModel(**settings), TorchModel(model=settings["model"], window=16)
    exact = HfCodec(**settings)
    assert bits_of(strided, TEXT).sum() < bits_of(plain, TEXT).sum()
    assert bits_of(strided, TEXT).sum() == pytest.approx(bits_of(exact, TEXT).sum(), rel=0.02)
    assert strided.unstrided == plain
    assert plain.unstrided is None


def test_half_the_bits_are_nearly_the_same(folders):
    whole = bits_of(TorchModel(model=str(folders["llama"]), window=16), TEXT).sum()
    half = bits_of(TorchModel(model=str(folders["llama"]), window=16, dtype="bfloat16"), TEXT).sum()
    assert half == pytest.approx(whole, rel=0.03)
    assert half != whole


def test_batches_do_not_change_it(folders, monkeypatch):
    codec = TorchModel(model=str(folders["gpt2"]), window=16)
    together = bits_of(codec, TEXT)
    monkeypatch.setattr(windows, "LOGITS", 1)
    assert bits_of(codec, TEXT) == pytest.approx(together, abs=1e-3)


def test_it_codes_nothing_and_says_what_does(folders):
    codec = TorchModel(model=str(folders["gpt2"]))
    with pytest.raises(Unsupported, match=r"only scored.*hf:model=.* codes"):
        codec.encode(b"a")
    assert not codec.portable


def test_long_texts_are_cut_behind_a_line(folders):
    codec = TorchModel(model=str(folders["gpt2"]))
    data = b"a line of text\n" * (SEGMENT // 10)
    pieces = codec.pieces(data)
    assert b"".join(pieces) == data
    assert all(piece.endswith(b"\n") and len(piece) <= SEGMENT for piece in pieces)
    assert codec.pieces(b"") == [b""]


@pytest.mark.parametrize("setting", ["dtype=int8", "window=1", "stride=0"])
def test_settings_that_cannot_be_are_named(setting):
    with pytest.raises(UsageError, match="cannot be"):
        Plugins(only=["hf"]).codec(f"torch:model=x,{setting}")


def test_a_stride_is_no_longer_than_the_window(folders):
    with pytest.raises(UsageError, match="the window is 16"):
        _ = TorchModel(model=str(folders["gpt2"]), window=16, stride=17).longest


def test_vllm_is_asked_for_the_log_probabilities_of_prompts(folders, monkeypatch):
    """A stub in its place answers with the model of transformers, as vLLM would."""
    folder = str(folders["gpt2"])

    class Llm:
        def __init__(self, model, dtype, max_model_len, skip_tokenizer_init):
            assert (model, dtype, skip_tokenizer_init) == (folder, "float32", True)
            self._longest = max_model_len
            self._model = load_model(TorchModel(model=folder).checkpoint, torch.float32)

        def generate(self, prompts, parameters):
            assert parameters.prompt_logprobs == 1
            for prompt in prompts:
                ids = prompt["prompt_token_ids"]
                assert len(ids) < self._longest
                with torch.inference_mode():
                    logits = self._model(input_ids=torch.tensor([ids])).logits[0]
                logs = torch.log_softmax(logits, -1)
                rows = [
                    {token: SimpleNamespace(logprob=float(logs[at, token])), 0: None}
                    if token
                    else {token: SimpleNamespace(logprob=float(logs[at, token]))}
                    for at, token in enumerate(ids[1:])
                ]
                yield SimpleNamespace(prompt_logprobs=[None, *rows])

    stub = SimpleNamespace(LLM=Llm, SamplingParams=lambda **given: SimpleNamespace(**given))
    monkeypatch.setitem(sys.modules, "vllm", stub)
    by_vllm = bits_of(VllmModel(model=folder, window=16), TEXT)
    assert by_vllm == pytest.approx(bits_of(TorchModel(model=folder, window=16), TEXT), abs=1e-3)


def test_ids_that_are_imported_are_checked_against_the_bytes(folders, tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    torch_codec = TorchModel(model=str(folders["gpt2"]), window=16)
    ids, _, bits = torch_codec.symbols(TEXT)
    file = tmp_path / "logs.parquet"
    pq.write_table(pa.table({"token": ids, "logprob": -bits * math.log(2)}), file)
    imported = ImportedModel(file=str(file), model=str(folders["gpt2"]))
    assert bits_of(imported, TEXT) == pytest.approx(bits_of(torch_codec, TEXT), abs=1e-6)
    pq.write_table(pa.table({"token": np.r_[ids, 9999], "bits": np.r_[bits, 1]}), file)
    other = ImportedModel(file=str(file), model=str(folders["llama"]))
    with pytest.raises(UsageError, match="has token 9999"):
        bits_of(other, TEXT)


def test_a_score_by_a_backend_shows_what_stands_between_it_and_blobs(folders, tmp_path):
    corpus, out = tmp_path / "text.txt", tmp_path / "out"
    corpus.write_bytes(TEXT)
    codec = f"hf:model={folders['gpt2']},window=16,stride=8"
    words = ["--backend", "torch", "--codecs", codec, "--corpora", str(corpus), "--check", "400"]
    done = models.command("score", *words, "--out", str(out), "--keep-bits")
    assert done.returncode == 0, done.stderr
    (score,) = load(out).estimates
    assert score.codec.startswith("torch:model=")
    assert score.evidence is Evidence.ESTIMATE
    check = score.estimate.check
    assert check.blobs
    assert check.bits < check.unstrided_bits
    assert check.exact_bits == pytest.approx(check.unstrided_bits, rel=0.02)
    assert check.exact_bits < 8 * check.coded_bytes
    row = next(line for line in done.stdout.splitlines() if line.startswith("≈"))
    assert row.count("%") == 4
    pq = pytest.importorskip("pyarrow.parquet")
    (file,) = out.glob("bits/*/*.parquet")
    kept = pq.read_table(file).to_pydict()
    assert b"".join(kept["bytes"]) == TEXT
    assert sum(kept["bits"]) == pytest.approx(score.estimate.bits)
    assert kept["offset"][1] == len(kept["bytes"][0])
