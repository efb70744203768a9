"""The sizes of the recurrent models that the project trains, by name."""

from codelength_exact.recurrent_shape import Shape

SHAPES = {
    "0.2m": Shape(width=96, state=96, hidden=192, layers=1, orders=(2, 3), rows=1024, columns=32),
    "0.9m": Shape(
        width=128, state=128, hidden=384, layers=2, orders=(2, 3, 4), rows=4096, columns=32
    ),
    "3.5m": Shape(
        width=192, state=192, hidden=576, layers=3, orders=(2, 3, 4, 5), rows=8192, columns=64
    ),
}
"""Name → sizes. The name is roughly the number of parameters, tables included."""
