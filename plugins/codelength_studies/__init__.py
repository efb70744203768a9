"""Studies of predictors and codecs: score, curve, price, sample and scaling."""

from collections.abc import Iterable

from codelength import Command, hookimpl

HELP = {
    "curve": "Show what context is worth: bits a byte by position and by prefix.",
    "price": "Show total sizes over the price of a parameter.",
    "sample": "Continue a text with any codec or predictor.",
    "scaling": "Train, measure, fit and plot compression against size and steps.",
    "score": "Estimate what a predictor needs for a corpus, without coding it.",
}


@hookimpl
def codelength_commands() -> Iterable[Command]:
    return [Command(n, text, f"{__name__}.{n}.command:command") for n, text in HELP.items()]
