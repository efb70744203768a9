"""The exact executor: near the model in floats, and the same integers however it is run."""

import json
from pathlib import Path
from typing import Any

import hf_models as models
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from codelength.coding.code_length import code_lengths
from codelength.coding.range_coder import FINE
from codelength_exact.tensors import exact_parts
from codelength_hf.architecture import UnknownArchitecture
from codelength_hf.backend_numba import NumbaTransformerBackend
from codelength_hf.backend_torch import TorchTransformerBackend
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.families import read_architecture
from codelength_hf.positions import rotary_table
from codelength_hf.predictor import ExactPredictor
from codelength_hf.reading import read_weights
from codelength_hf.transformer import QuantizedTransformer

FAMILIES = ("gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3")
each_family = pytest.mark.parametrize("family", FAMILIES)

VARIANTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "GPT-2": ("gpt2", {}, {}),
    "GPT-2 with exact gelu": ("gpt2", {}, {"activation_function": "gelu"}),
    "NeoX": ("gpt_neox", {}, {}),
    "NeoX, sequential": ("gpt_neox", {}, {"use_parallel_residual": False}),
    "NeoX, all rotated": ("gpt_neox", {}, {"rotary_pct": 1.0}),
    "NeoX, tied, tanh": ("gpt_neox", {"tied": True}, {"hidden_act": "gelu_new"}),
    "Llama": ("llama", {}, {}),
    "Llama, every head its keys": ("llama", {"key_heads": 4}, {}),
    "Llama, one key head, tied": ("llama", {"key_heads": 1, "tied": True}, {}),
    "Llama with biases": ("llama", {}, {"attention_bias": True, "mlp_bias": True}),
    "Llama of other head width": ("llama", {}, {"head_dim": 24}),
    "Llama with longer positions": (
        "llama",
        {},
        {
            "rope_parameters": {
                "rope_type": "llama3",
                "rope_theta": 10000.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            }
        },
    ),
    "Llama with squared relu": ("llama", {}, {"hidden_act": "relu2"}),
    "Mistral": ("mistral", {}, {"sliding_window": 100}),
    "Qwen2, with biases of queries, keys and values": ("qwen2", {}, {}),
    "Qwen2, tied": ("qwen2", {"tied": True}, {"use_sliding_window": False, "sliding_window": 4}),
    "Qwen3, with norms of queries and keys": ("qwen3", {}, {}),
    "Qwen3 of other head width": ("qwen3", {"key_heads": 1}, {"head_dim": 32}),
}


def exact_of(made: Any, arithmetic: Any = None, window: int | None = None) -> QuantizedTransformer:
    """A transformers model, quantised."""
    config = made.config.to_dict()
    tensors = {name: values.detach().float().numpy() for name, values in made.state_dict().items()}
    read = read_weights(read_architecture(config), tensors.get, tensors)
    return QuantizedTransformer(
        read, window or read.shape.context, arithmetic or NumbaTransformerBackend()
    )


def distributions(model: QuantizedTransformer, tokens: np.ndarray, *, at_once: int) -> np.ndarray:
    """Frequencies after each of `tokens` (streams, time), so many positions at a time."""
    state, rows = model.begin(len(tokens)), []
    for start in range(0, tokens.shape[1], at_once):
        piece = tokens[:, start : start + at_once]
        out = model.run(state, piece)
        distribution = model.frequencies(out, np.zeros(piece.size, np.int32))
        rows.append(distribution.reshape(*piece.shape, -1))
    return np.concatenate(rows, axis=1)


def bits(distribution: np.ndarray, tokens: np.ndarray) -> float:
    """What `tokens` (time,) but the first take under the distribution before each."""
    shares = distribution[:-1] / distribution[:-1].sum(-1, keepdims=True)
    return float(-np.log2(shares[np.arange(len(tokens) - 1), tokens[1:]]).sum())


def float_bits(made: Any, tokens: np.ndarray) -> float:
    """The same under the model as it is."""
    with torch.no_grad():
        logits = made(torch.tensor(tokens[None])).logits[0].double()
    ideal = torch.log_softmax(logits, -1)[:-1].gather(1, torch.tensor(tokens[1:])[:, None])
    return -float(ideal.sum()) / float(np.log(2))


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_it_computes_what_the_model_computes(variant):
    family, sizes, changes = variant
    made = models.shaken(models.model(family, models.Sizes(**sizes), **changes)).eval()
    tokens = np.random.default_rng(0).integers(0, 400, (2, 100))
    with torch.no_grad():
        logits = made(torch.tensor(tokens)).logits.double()
    expected = torch.softmax(logits, -1).numpy()
    distribution = distributions(exact_of(made), tokens, at_once=100)
    found = distribution / distribution.sum(-1, keepdims=True)
    divergence = (expected * np.log2(expected / found)).sum(-1)
    entropy = -(expected * np.log2(expected)).sum(-1)
    assert divergence.mean() < 0.003 * entropy.mean()


@each_family
def test_code_length_is_within_a_percent_of_the_float_model(folders, family):
    predictor = ExactPredictor(Checkpoint(folders[family]))
    data = models.text()[-models.HELD_OUT :].encode()
    symbols = predictor.tokenize(data)[:250]
    size = len(predictor.detokenize(symbols))
    made = type(models.model(family)).from_pretrained(folders[family]).eval()
    tokens = np.concatenate([[0], symbols])
    reference = float_bits(made, tokens)
    coded = bits(distributions(exact_of(made), tokens[None], at_once=999)[0], tokens)
    print(f"{family}: {reference / size:.4f} bpb in float32, {coded / size:.4f} exact")
    assert reference / size < 4, "the model has learned nothing"
    assert coded == pytest.approx(reference, rel=0.01)


@each_family
def test_before_training_it_knows_nothing(folders, family):
    predictor = ExactPredictor(Checkpoint(folders[family]))
    data = models.text()[-models.HELD_OUT :].encode()
    symbols = predictor.tokenize(data)[:100]
    costs = []
    for one in (predictor, predictor.initialised(1)):
        (lengths,) = code_lengths(one, [symbols])
        costs.append(lengths.mean())
    assert costs[0] < costs[1] - 1
    assert costs[1] == pytest.approx(np.log2(predictor.model.outputs), rel=0.05)


@pytest.mark.parametrize("times", [50, 200])
def test_channels_far_larger_than_the_others_cost_less_than_a_percent(folders, times):
    """Large in the norm's gain and small in what follows, so the float model is the same."""
    symbols = ExactPredictor(Checkpoint(folders["qwen3"])).tokenize(
        models.text()[-models.HELD_OUT :].encode()
    )
    tokens = np.concatenate([[0], symbols[:250]])
    made = type(models.model("qwen3")).from_pretrained(folders["qwen3"]).eval()
    reference = float_bits(made, tokens)
    with torch.no_grad():
        for layer in made.model.layers:
            attention, perceptron = layer.self_attn, layer.mlp
            for norm, *matrices in (
                (layer.input_layernorm, attention.q_proj, attention.k_proj, attention.v_proj),
                (layer.post_attention_layernorm, perceptron.gate_proj, perceptron.up_proj),
            ):
                norm.weight[[5, 17]] *= times
                for matrix in matrices:
                    matrix.weight[:, [5, 17]] /= times
    assert float_bits(made, tokens) == pytest.approx(reference, rel=1e-4)
    coded = bits(distributions(exact_of(made), tokens[None], at_once=999)[0], tokens)
    print(f"{times} times as large: {100 * (coded / reference - 1):+.3f}%")
    assert coded == pytest.approx(reference, rel=0.01)


@given(
    family=st.sampled_from(FAMILIES),
    heads=st.sampled_from([(1, 1), (2, 1), (4, 2), (3, 3)]),
    head_width=st.sampled_from([8, 16, 24]),
    layers=st.integers(1, 2),
    hidden=st.integers(1, 70),
    vocabulary=st.integers(2, 300),
    parallel=st.booleans(),
    part=st.sampled_from([0.25, 0.5, 1.0]),
    streams=st.integers(1, 4),
    time=st.integers(1, 12),
    at_once=st.integers(1, 12),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_all_positions_at_once_or_one_by_one_are_one_law(
    family,
    heads,
    head_width,
    layers,
    hidden,
    vocabulary,
    parallel,
    part,
    streams,
    time,
    at_once,
    seed,
):
    sizes = models.Sizes(
        vocabulary=vocabulary,
        width=heads[0] * head_width,
        layers=layers,
        heads=heads[0],
        key_heads=heads[1],
        hidden=hidden,
        context=32,
    )
    changes = (
        {"use_parallel_residual": parallel, "rotary_pct": part} if family == "gpt_neox" else {}
    )
    model = exact_of(models.shaken(models.model(family, sizes, **changes)))
    tokens = np.random.default_rng(seed).integers(0, vocabulary, (streams, time))
    whole = distributions(model, tokens, at_once=time)
    assert whole.min() >= 1
    assert whole.sum(-1, dtype=np.int64).max() < 1 << 24
    assert np.array_equal(whole, distributions(model, tokens, at_once=1))
    assert np.array_equal(whole, distributions(model, tokens, at_once=at_once))
    alone = distributions(model, tokens[-1:], at_once=1)
    assert np.array_equal(whole[-1], alone[0])


@each_family
def test_any_arithmetic_gives_the_same_integers(family):
    made = models.shaken(models.model(family, models.Sizes(hidden=1200)))
    tokens = np.random.default_rng(3).integers(0, 400, (3, 50))
    one = distributions(exact_of(made), tokens, at_once=50)
    other = exact_of(made, TorchTransformerBackend())
    assert np.array_equal(one, distributions(other, tokens, at_once=50))
    assert np.array_equal(one[:, :4], distributions(other, tokens[:, :4], at_once=1))


@each_family
def test_wide_rows_are_the_same_integers_and_nearer(family):
    made = models.shaken(models.model(family, models.Sizes(hidden=1200)))
    tokens = np.random.default_rng(3).integers(0, 400, (3, 50))
    wide = exact_of(made, NumbaTransformerBackend(wide=True))
    one = distributions(wide, tokens, at_once=50)
    assert np.array_equal(one, distributions(wide, tokens, at_once=1))
    assert np.array_equal(one, distributions(wide, tokens, at_once=7))
    other = exact_of(made, TorchTransformerBackend(wide=True))
    assert np.array_equal(one, distributions(other, tokens, at_once=50))
    assert np.array_equal(one[:, :4], distributions(other, tokens[:, :4], at_once=1))
    narrow = distributions(exact_of(made), tokens, at_once=50)
    with torch.no_grad():
        ideal = torch.softmax(made.eval()(torch.tensor(tokens)).logits.double(), -1).numpy()

    def divergence(rows: np.ndarray) -> float:
        return float((ideal * np.log2(ideal / (rows / rows.sum(-1, keepdims=True)))).sum())

    assert divergence(one) < 0.7 * divergence(narrow)


@pytest.mark.parametrize("arithmetic", [NumbaTransformerBackend, TorchTransformerBackend])
def test_fine_frequencies_sum_to_nearly_31_bits(arithmetic):
    made = models.shaken(models.model("llama", models.Sizes(vocabulary=5000)))
    model = exact_of(made, arithmetic())
    rows = model.run(model.begin(1), np.arange(40)[None])
    plain = exact_of(made)
    reference = plain.frequencies(
        plain.run(plain.begin(1), np.arange(40)[None]), np.zeros(40, np.int32), 0, FINE
    )
    fine = model.frequencies(rows, np.zeros(40, np.int32), 0, FINE)
    assert np.array_equal(fine, reference)
    assert fine.min() >= 1
    sums = fine.sum(1, dtype=np.int64)
    assert sums.max() < 1 << 31
    assert sums.min() > (1 << 31) * (1 - 1e-4)
    escaped = model.frequencies(rows, np.full(40, 7 << 26, np.int32), 3, FINE)
    assert escaped.sum(1, dtype=np.int64).max() < 1 << 31
    assert (escaped[:, -3:] == (7 << 26) + 1).all()


@each_family
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_an_accelerator_gives_the_same_integers(family):
    made = models.shaken(models.model(family, models.Sizes(hidden=1200)))
    tokens = np.random.default_rng(3).integers(0, 400, (3, 50))
    one = distributions(exact_of(made), tokens, at_once=50)
    assert np.array_equal(
        one, distributions(exact_of(made, TorchTransformerBackend("cuda")), tokens, at_once=50)
    )


def test_wide_matrices_are_split_where_sums_would_not_be_exact():
    widest = np.full((3, 3000), 127, np.int8)
    parts = exact_parts(widest)
    assert [part.stop - part.start for part in parts] == [1024, 1024, 952]
    assert exact_parts(np.full((3, 3000), 5, np.int8)) == [slice(0, 3000)]
    most = max(part.stop - part.start for part in parts) * 127 * 127
    assert most < 1 << 24


@each_family
def test_extreme_weights_stay_exact(family):
    """All weights at the largest magnitude: every sum is as large as it can be."""
    made = models.model(family, models.Sizes(hidden=1300, width=64))
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim == 2:
                parameter.copy_(torch.where(parameter >= 0, 1.0, 0.99))
    tokens = np.random.default_rng(4).integers(0, 400, (2, 40))
    model = exact_of(made)
    whole = distributions(model, tokens, at_once=40)
    assert np.array_equal(whole, distributions(model, tokens, at_once=1))
    assert np.array_equal(
        whole, distributions(exact_of(made, TorchTransformerBackend()), tokens, at_once=40)
    )


@pytest.mark.parametrize("columns", [4, 16, 64])
def test_rotary_tables_are_cosines_and_sines(columns):
    from codelength_hf.architecture import Rotary

    cos, sin = rotary_table(Rotary(columns, 10000.0), 2048)
    angles = np.outer(np.arange(2048), 10000.0 ** (-np.arange(0, columns, 2) / columns))
    assert np.abs(cos - np.cos(angles)).max() < 1e-7
    assert np.abs(sin - np.sin(angles)).max() < 1e-7


@pytest.mark.parametrize(
    ("family", "changes", "windows"),
    [
        ("mistral", {"sliding_window": 40}, [40, 40]),
        ("mistral", {"sliding_window": None}, [None, None]),
        ("qwen2", {"use_sliding_window": True, "max_window_layers": 1}, [None, 40]),
        ("qwen2", {"use_sliding_window": False}, [None, None]),
        ("qwen2", {"layer_types": ["sliding_attention", "full_attention"]}, [40, None]),
    ],
)
def test_a_sliding_window_bounds_its_layers_alone(family, changes, windows):
    config = models.model(family).config.to_dict()
    config.pop("layer_types", None)
    said = {"sliding_window": 40, "use_sliding_window": True}
    shape = read_architecture({**config, **(said if family == "qwen2" else {}), **changes})
    assert [one.window for one in shape.attending] == windows
    assert shape.context == 256


def test_what_it_cannot_run_is_named(tmp_path: Path):
    with pytest.raises(UnknownArchitecture, match=r"'xlnet'.*exact=false"):
        read_architecture({"model_type": "xlnet"})
    config = json.loads(
        models.save(models.model("llama"), tmp_path).joinpath("config.json").read_bytes()
    )
    with pytest.raises(UnknownArchitecture, match="proportional"):
        read_architecture({**config, "rope_parameters": {"rope_type": "proportional"}})
    with pytest.raises(UnknownArchitecture, match="5 columns"):
        read_architecture(
            models.model("gpt_neox", models.Sizes(width=80), rotary_pct=0.25).config.to_dict()
        )
    with pytest.raises(UnknownArchitecture, match="quick_gelu"):
        read_architecture({**config, "hidden_act": "quick_gelu"})
