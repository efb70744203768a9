"""Models in integers, loaded from a checkpoint."""

from functools import lru_cache
from typing import NamedTuple, TypeAlias

from codelength import UsageError
from codelength.coding import device
from codelength_exact.products import COLUMNS, GROUP, ROW_TYPE
from codelength_hf.architecture import Architecture
from codelength_hf.backend_numba import NumbaTransformerBackend
from codelength_hf.checkpoint import Checkpoint
from codelength_hf.constants import LONGEST
from codelength_hf.prepared import prepared
from codelength_hf.reading import Tensors, initial_tensors, read_weights
from codelength_hf.recurrent.backend_numba import NumbaRecurrentBackend
from codelength_hf.recurrent.model import ENDLESS, AnyQuantizedRecurrent, QuantizedRecurrent
from codelength_hf.recurrent.shape import Recurrent, read_shape
from codelength_hf.recurrent.weights import RecurrentWeights, read_recurrent
from codelength_hf.tokens import tokens_of
from codelength_hf.transformer import AnyQuantizedTransformer, QuantizedTransformer
from codelength_hf.weights import Weights

PREPARED_FROM = 16 << 20
"""Bytes of weights from which on what is prepared of them is kept on disk."""


class Arithmetic(NamedTuple):
    """How many bits numbers have."""

    weights: int = 8
    """8, with a scale for each output; or 4, with one for each group of inputs."""
    activations: int = 8
    """8 or 16. With weights of 4 bits those of 8 have a scale for each group, too."""

    @property
    def is_wide(self) -> bool:
        """Return whether activations have 16 bits between products.

        Then channels are equalised, and large vocabularies have fine frequencies.
        """
        return self.activations == 16 or self.weights == 4

    @property
    def is_rounded(self) -> bool:
        """Return whether products take them rounded."""
        return self.weights == 4 and self.activations == 8


EIGHT_BITS = Arithmetic()


AnyQuantized: TypeAlias = AnyQuantizedTransformer | AnyQuantizedRecurrent


@lru_cache(maxsize=2)
def load_quantized(
    checkpoint: Checkpoint,
    window: int | None,
    where: str,
    initial: int | None = None,
    arithmetic: Arithmetic = EIGHT_BITS,
) -> AnyQuantized:
    """Load the model of a checkpoint, ready to run on a device.

    Raises UsageError if there is no exact execution for it, or it cannot see so far.
    """
    shape = read_shape(checkpoint.config)
    longest = min(shape.context, LONGEST) if isinstance(shape, Architecture) else ENDLESS
    if window is not None and window > longest:
        raise UsageError(f"hf:window={window} cannot be: this model sees {longest} tokens at most")
    alphabet = tokens_of(checkpoint).count
    tensors: Tensors = checkpoint.tensor
    if initial is not None:
        tensors = initial_tensors(tensors, initial)

    def make() -> AnyQuantized:
        read = read_quantized(checkpoint, shape, tensors, arithmetic)
        return quantized_on(where, read, window or longest, alphabet, arithmetic)

    if initial is not None or where != device.PROCESSOR or not is_kept(checkpoint):
        return make()
    layout = COLUMNS, GROUP, ROW_TYPE.__name__
    return prepared(f"{checkpoint.digest} {window} {alphabet} {arithmetic} {layout}", make)


def is_kept(checkpoint: Checkpoint) -> bool:
    """Return whether the prepared model is kept on disk."""
    return sum(path.stat().st_size for path in checkpoint.files) >= PREPARED_FROM


def read_quantized(
    checkpoint: Checkpoint,
    shape: Architecture | Recurrent,
    tensors: Tensors,
    arithmetic: Arithmetic,
) -> Weights | RecurrentWeights:
    """Return the weights of a checkpoint. Values of 4 bits in a GGUF file stay as they are.

    Raises UsageError if they do not fit.
    """
    keeps = arithmetic.weights == 4 and checkpoint.shipped is not None
    equalise = arithmetic.is_wide and not keeps
    names, bits = checkpoint.names, arithmetic.weights
    if isinstance(shape, Recurrent):
        return read_recurrent(shape, tensors, names, equalise, bits)
    return read_weights(shape, tensors, names, equalise, bits)


def quantized_on(
    device_name: str,
    weights: Weights | RecurrentWeights,
    window: int,
    alphabet: int,
    arithmetic: Arithmetic = EIGHT_BITS,
) -> AnyQuantized:
    """Return a model that is ready to run on a device."""
    wide, rounded = arithmetic.is_wide, arithmetic.is_rounded
    if device_name == device.PROCESSOR:
        if isinstance(weights, RecurrentWeights):
            recurrent = NumbaRecurrentBackend(wide, rounded)
            return QuantizedRecurrent(weights, window, recurrent, alphabet)
        backend = NumbaTransformerBackend(wide, rounded)
        return QuantizedTransformer(weights, window, backend, alphabet)
    if isinstance(weights, RecurrentWeights):
        from codelength_hf.recurrent.backend_torch import TorchRecurrentBackend

        on_device = TorchRecurrentBackend(device_name, wide, rounded)
        return QuantizedRecurrent(weights, window, on_device, alphabet)
    from codelength_hf.backend_torch import TorchTransformerBackend

    there = TorchTransformerBackend(device_name, wide, rounded)
    return QuantizedTransformer(weights, window, there, alphabet)
