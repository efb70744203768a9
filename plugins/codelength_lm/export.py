"""A checkpoint of a training run as weights, before the run has ended:
`python -m codelength_lm.export --size 0.9m CHECKPOINT OUT`."""

import argparse
from pathlib import Path

import torch

from codelength_lm import weights
from codelength_lm.shape import SHAPES


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SHAPES, required=True)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    state = torch.load(options.checkpoint, map_location="cpu", weights_only=True)
    parameters = {name: values.float().numpy() for name, values in state["model"].items()}
    card = {"size": options.size, "steps": str(state["step"]), "note": "an unfinished run"}
    weights.write(options.out, weights.of_parameters(SHAPES[options.size], parameters, card))


if __name__ == "__main__":
    main()
