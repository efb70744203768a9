"""The charts of a board: size against speed, and the map of all sizes."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby

from codelength.report import format, marks
from codelength.report.board import ESTIMATED, Board, Grid, Part, family_of
from codelength.report.page import Chart
from codelength.report.svg import COLOURS, SOFT, LogAxis, Point, Svg, draw_axes, text_width
from codelength.report.table import stack_head

MAP_ROWS, MAP_COLUMNS = 50, 25
"""A larger map is no picture; the tables say the same."""

LABELS = 40
"""With more points, only those on the front have names."""

SHAPES = "odsv^"

LEFT, WIDE, TOP, BOTTOM = 62.0, 545.0, 60.0, 450.0
"""Pixels of a panel."""

SIZE = "size, coded / raw bytes (%, log scale): lower is better"

CORNERS: Mapping[str, Sequence[Point]] = {
    "s": [(-3.5, -3.5), (3.5, -3.5), (3.5, 3.5), (-3.5, 3.5)],
    "d": [(0, -5), (5, 0), (0, 5), (-5, 0)],
    "v": [(-4.5, -3.5), (4.5, -3.5), (0, 4.5)],
    "^": [(-4.5, 3.5), (4.5, 3.5), (0, -4.5)],
}
SPOTS = ((8, 4), (-8, 4), (6, -6), (6, 14), (-6, -6), (-6, 14))
"""Where a name may stand, from its point; on the left it ends there."""

Look = tuple[str, str]
"""A colour and a shape."""


def scatter_charts(board: Board, grid: Grid) -> Iterator[Chart]:
    """The charts of size against encode and decode speed, for each part of a grid."""
    looks = family_looks(board)
    for part in grid.parts:
        of = "all corpora" if part.name == "all" else f"{part.name} corpora"
        left = [
            f"{n} ({m.done} of {m.of})"
            for n in part.rows
            if part.value(n, "ratio") is None and (m := part.means[n])
        ]
        notes = [f"Not drawn, having no mean: {', '.join(left)}."] if left else []
        notes += [*marks.explain_contamination(part.cells), *board.machines.caution(part.cells)]
        for speed in ("encode", "decode"):
            if _points(part, speed):
                caption = (
                    f"Size against {speed} speed, geometric means over {of}, protocol "
                    f"{grid.label}; below and right is better, and the line is the Pareto front."
                )
                draw = partial(draw_scatter, part, speed, looks)
                name = f"{file_stem(grid)}-{part.name}-{speed}.svg"
                yield Chart(name, " ".join([caption, *notes]), draw)
                notes = []


def map_chart(grid: Grid) -> Chart | None:
    """The map of all sizes of a grid; None where it would be no picture."""
    if not grid.parts or len(grid.rows) > MAP_ROWS or len(grid.slices) > MAP_COLUMNS:
        return None
    caption = (
        f"Size in percent of every codec on every corpus, protocol {grid.label}: smaller "
        "(lighter) is better, the best of a corpus in bold, cells without figures hatched."
    )
    caption = " ".join([caption, *marks.explain_contamination(grid.cells)])
    return Chart(f"{file_stem(grid)}-map.svg", caption, partial(draw_map, grid))


def file_stem(grid: Grid) -> str:
    """The start of the names of a grid's files."""
    stem = "".join(c if c.isalnum() else "-" for c in grid.protocol)
    return stem + ("" if grid.limit is None else f"-{grid.limit}".replace(":", "-"))


def family_looks(board: Board) -> dict[str, Look]:
    """A colour and a shape for each family of codecs, the same in every chart of a board."""
    families = {family_of(row.codec) for grid in board.grids for row in grid.rows.values()}
    many = len(COLOURS)
    return {
        name: (COLOURS[i % many], SHAPES[i // many % len(SHAPES)])
        for i, name in enumerate(sorted(families))
    }


def draw_scatter(part: Part, speed: str, looks: Mapping[str, Look]) -> bytes:
    """Draw the mean size of each row against its speed."""
    svg = Svg(WIDE + 100, 500)
    points = _points(part, speed)
    x = LogAxis.around([fast for fast, _ in points.values()], LEFT, LEFT + WIDE)
    y = LogAxis.around([size for _, size in points.values()], BOTTOM, TOP)
    draw_axes(svg, x, y, (f"{speed} speed (raw MB per CPU second, log scale)", SIZE))
    places = {name: (x.at(fast), y.at(size)) for name, (fast, size) in points.items()}
    front = part.front(speed)
    _draw_front(svg, [places[name] for name in front])
    _draw_points(svg, places, looks)
    named = front if len(places) > LABELS else [*front, *(n for n in places if n not in front)]
    labels = part.grid.labels
    texts = {n: labels[n] + marks.marks_of(part.row_cells(n)) for n in named}
    _draw_labels(svg, places, texts)
    title = f"Size against {speed} speed" + ("" if part.name == "all" else f": {part.name}")
    svg.text((16, 26), title, 14, "b")
    many = format.plural(len(part.corpora), "corpus", "corpora")
    svg.text((LEFT + WIDE, 26), f"{many} · protocol {part.grid.label}", 10, "se")
    return svg.render()


def _points(part: Part, speed: str) -> dict[str, Point]:
    """Row → (MB/s, size in percent)."""
    found = {name: (part.value(name, speed), part.value(name, "ratio")) for name in part.rows}
    return {name: (fast, 100 * mean) for name, (fast, mean) in found.items() if fast and mean}


def _draw_front(svg: Svg, front: Sequence[Point]) -> None:
    """Draw the stairs that no row is below and right of."""
    stairs = [(LEFT, front[0][1])] if front else []
    for x, y in front:
        stairs += [(stairs[-1][0], y), (x, y)]
    svg.line([*stairs, *((x, TOP) for x, _ in front[-1:])], "#9aa1ab", 1.2)


def _draw_points(svg: Svg, places: Mapping[str, Point], looks: Mapping[str, Look]) -> None:
    """Draw the points, and a line through those of a family."""
    by_family = sorted(places, key=lambda name: (family_of(name), places[name]))
    for family, members in groupby(by_family, family_of):
        points = {name: places[name] for name in members}
        colour, shape = looks[family]
        svg.line(points.values(), colour, 0.6)
        for name, point in points.items():
            draw_mark(svg, point, colour, shape, name)


def draw_mark(svg: Svg, at: Point, colour: str, shape: str, name: str) -> None:
    """Draw the point of a row."""
    x, y = at
    if shape == "o":
        svg.add("circle", "", name, cx=x, cy=y, r="4", fill=colour, stroke="#fff")
        return
    places = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in CORNERS[shape])
    svg.add("polygon", "", name, points=places, fill=colour, stroke="#fff")


def _draw_labels(svg: Svg, places: Mapping[str, Point], labels: Mapping[str, str]) -> None:
    """Write names where they cover neither a point nor another name; the others are left out."""
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in places.values()]
    for name, label in labels.items():
        (x, y), wide = places[name], text_width(label, 10)
        for dx, dy in (*SPOTS, (-wide / 2, -9), (-wide / 2, 17)):
            start = x + dx - wide if (dx, dy) in SPOTS and dx < 0 else x + dx
            box = (start, y + dy - 9, start + wide, y + dy + 3)
            inside = (
                box[0] > LEFT
                and box[2] < LEFT + WIDE + 25
                and box[1] > TOP - 15
                and box[3] < BOTTOM
            )
            if inside and not any(
                box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in taken
            ):
                taken.append(box)
                svg.text((start, y + dy), label, 10, "", name)
                break


def draw_map(grid: Grid) -> bytes:
    """Draw the size of every row on every corpus: the best mean on top, the mean before all."""
    part = grid.averaged
    names = list(dict.fromkeys([*part.places(), *grid.rows]))
    heads = [stack_head(name).split("\n") for name in ["mean", *grid.slices]]
    wide, high = 66.0, 22.0
    left = 24 + text_width(max(names, key=len), 10)
    top = 82.0 + 12 * max(map(len, heads))
    svg = Svg(max(left + wide * len(heads) + 20, 520), top + high * len(names) + 14)
    svg.text((12, 24), "Size, coded / raw bytes (%)", 15, "b")
    about = f"protocol {grid.label} · smaller is better · mean: geometric, no controls"
    svg.text((12, 42), about, 10, "s")
    parts = [part, *(grid.part(corpus) for corpus in grid.slices)]
    for row, name in enumerate(names):
        svg.text((left - 8, top + high * row + 15), name, 10, "e")
    for number, (head, of) in enumerate(zip(heads, parts, strict=True)):
        rates = {name: of.value(name, "ratio") for name in of.rows}
        measured = [rate for n, rate in rates.items() if rate is not None and n not in of.estimates]
        x = left + wide * number + (6 if number else 0)
        for line, text in enumerate(head):
            svg.text((x + wide / 2, top - 8 - 12 * (len(head) - 1 - line)), text, 10, "m")
        best = min(measured, default=None)
        for row, name in enumerate(names):
            rate, sign = rates.get(name), ESTIMATED * (name in of.estimates)
            text = format.NA if rate is None else sign + format.percent(rate)
            text += marks.marks_of(of.row_cells(name)) if rate is not None else ""
            draw_tile(svg, (x, top + high * row), (wide, high), text, rate, rate == best)
    _draw_kinds(svg, grid, left + wide + 6, wide, top - 16 - 12 * max(map(len, heads)))
    return svg.render()


def draw_tile(
    svg: Svg, at: Point, size: Point, text: str, shade: float | None, is_best: bool = False
) -> None:
    """Draw a box with a figure in it, the darker the larger `shade` is, from 0 to 1.

    None is a hole.
    """
    share = min(1.0, shade or 0.0)
    colour = "#f0f0f0" if shade is None else _shade(0.04 + 0.82 * share)
    svg.add("rect", x=at[0], y=at[1], width=size[0], height=size[1], fill=colour, stroke="#fff")
    light = shade is not None and share > 0.62
    look = "m" + "b" * (is_best and shade is not None) + "s" * (shade is None)
    svg.text((at[0] + size[0] / 2, at[1] + size[1] / 2 + 4), text, 10, look + "w" * light)


def _shade(share: float) -> str:
    """A colour from light yellow over green to dark blue."""
    stops = [(255, 255, 217), (199, 233, 180), (65, 182, 196), (34, 94, 168), (8, 29, 88)]
    place = share * (len(stops) - 1)
    low = min(int(place), len(stops) - 2)
    mixed = (a + (b - a) * (place - low) for a, b in zip(stops[low], stops[low + 1], strict=True))
    return "#" + "".join(f"{round(value):02x}" for value in mixed)


def _draw_kinds(svg: Svg, grid: Grid, left: float, wide: float, y: float) -> None:
    kinds = ["controls" if s.entropy is not None else s.kind for s in grid.slices.values()]
    for kind in dict.fromkeys(kinds):
        first, last = kinds.index(kind), len(kinds) - 1 - kinds[::-1].index(kind)
        x0, x1 = left + wide * first + 4, left + wide * (last + 1) - 4
        svg.line([(x0, y + 4), (x1, y + 4)], SOFT)
        svg.text(((x0 + x1) / 2, y), kind, 10, "sm")
