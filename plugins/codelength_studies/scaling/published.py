"""Published ladders, to try the fits on: Pythia models of five sizes at five checkpoints.

"Scaling Laws for LLM-Based Data Compression", fullwrong.com, 23 July 2025: 2048 chunks of 2048
bytes of enwik8 and of ImageNet patches, by 8-bit quantised models; the rates are of a coder
that was not run backwards. Text in two digits is the table as first published; a later version of
the page has three, and images.
"""

from codelength_studies.scaling.ladder import Ladder, Point

SIZES = (70_000_000, 160_000_000, 410_000_000, 1_000_000_000, 1_400_000_000)
BODIES = (18_915_328, 85_056_000, 302_311_424, 805_736_448, 1_208_602_624)
"""Parameters outside of the tables of tokens (Biderman et al. 2023, "Pythia", Table 1)."""
TOKENS = 2_097_152
"""Tokens of a step of Pythia: 1024 sequences of 2048."""
STEPS = (1_000, 8_000, 32_000, 128_000, 143_000)

TABLES = {
    "enwik8, two digits": (
        (0.22, 0.18, 0.17, 0.17, 0.17),
        (0.22, 0.16, 0.15, 0.15, 0.15),
        (0.22, 0.15, 0.14, 0.13, 0.13),
        (0.21, 0.14, 0.13, 0.12, 0.12),
        (0.21, 0.14, 0.12, 0.11, 0.11),
    ),
    "enwik8, three digits": (
        (0.223, 0.176, 0.170, 0.173, 0.175),
        (0.218, 0.159, 0.149, 0.149, 0.150),
        (0.223, 0.148, 0.136, 0.129, 0.128),
        (0.207, 0.140, 0.128, 0.120, 0.120),
        (0.207, 0.137, 0.124, 0.115, 0.115),
    ),
    "ImageNet patches": (
        (0.601, 0.499, 0.492, 0.505, 0.513),
        (0.615, 0.483, 0.471, 0.482, 0.492),
        (0.668, 0.506, 0.461, 0.444, 0.447),
        (0.601, 0.470, 0.456, 0.436, 0.440),
        (0.643, 0.482, 0.470, 0.434, 0.436),
    ),
}
"""Coded / raw bytes: a row for each size, a column for each number of steps."""

COEFFICIENTS = {
    "enwik8, two digits": {"a": 0.10, "b": 60.0, "α": 0.38, "c": 10.0, "β": 0.75},
    "enwik8, three digits": {"a": 0.10, "b": 60.0, "α": 0.38, "c": 10.0, "β": 0.75},
    "ImageNet patches": {"a": 0.38, "b": 2.0, "α": 0.15, "c": 60.0, "β": 0.86},
}
"""The power sums that were published for them: a + b·P^−α + c·S^−β."""


def published_ladders() -> list[Ladder]:
    """Return the tables as ladders."""
    return [
        Ladder(
            name,
            [
                Point(
                    *(name, size, steps, rate, "published", f"pythia {size / 1e6:g}M"),
                    embeddings=size - body,
                    tokens=steps * TOKENS,
                )
                for size, body, row in zip(SIZES, BODIES, rows, strict=True)
                for steps, rate in zip(STEPS, row, strict=True)
            ],
        )
        for name, rows in TABLES.items()
    ]
