"""The five pictures: two photographs, a plot, a screenshot, a 16-bit scan."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from . import landscape
from .landscape import Floats, View

Box = tuple[int, int, int, int]
PROSE = Path(__file__).resolve().parent.parent / "data" / "prose"
INK, PAPER, CHROME, ACCENT = "#1f2328", "#ffffff", "#e8eaed", "#2f6db5"


def photo_colour() -> Image.Image:
    """Morning sun from the left, in colour."""
    view = View(
        size=(384, 256),
        eye=(0.6, -1.6, 2.3),
        heading=-1,
        tilt=-2.5,
        sun=(-0.75, -0.12, 0.50),
        zoom=0.92,
        seed=11,
    )
    light = 0.42 * landscape.expose(view, passes=16)
    return Image.fromarray(landscape.develop(landscape.capture(light, 1, full_well=3000)))


def photo_gray() -> Image.Image:
    """The same terrace before other hills, sun from the right, in 8-bit gray."""
    view = View(
        size=(320, 256),
        eye=(-1.5, 0.5, 1.7),
        heading=14,
        tilt=-3,
        sun=(0.8, 0.25, 0.5),
        zoom=1.05,
        seed=23,
    )
    light = 0.5 * landscape.expose(view, passes=16)
    return Image.fromarray(landscape.develop(landscape.capture_gray(light, 2, full_well=3500)))


def plot() -> Image.Image:
    """Two panels of antialiased lines, points, bars and letters, as a paper would print them."""
    rng = np.random.default_rng(31)
    figure = Figure(figsize=(5.6, 3.6), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    length = np.geomspace(1, 300, 60)
    for name, top, rate in [("spring", 9.1, 0.34), ("autumn", 7.2, 0.27), ("winter", 5.6, 0.21)]:
        curve = top * length**-rate
        seen = curve * rng.lognormal(0, 0.06, length.size)
        (line,) = left.plot(length, curve, lw=1.4, label=name)
        left.plot(length, seen, ".", ms=4, color=line.get_color(), alpha=0.6)
        left.fill_between(length, 0.89 * curve, 1.12 * curve, color=line.get_color(), alpha=0.15)
    left.set(xscale="log", yscale="log", xlabel="reach (km)", ylabel="salinity (g/l)")
    left.set_title("Salinity along the estuary", fontsize=10)
    left.grid(alpha=0.3, which="both", lw=0.5)
    left.legend(fontsize=8)
    draws = np.concatenate([rng.normal(2.1, 0.5, 400), rng.normal(4.0, 0.8, 300)])
    right.hist(draws, bins=26, color="#8aa9c9", edgecolor="white", lw=0.6)
    right.axvline(np.median(draws), color="#b5442f", ls="--", lw=1.2)
    right.annotate("median", (np.median(draws), 48), (3.9, 52), fontsize=8,
                   arrowprops={"arrowstyle": "->", "lw": 0.8})  # fmt: skip
    right.set(xlabel="depth (m)", ylabel="stations")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def screenshot() -> Image.Image:
    """A desktop with a file list, a text window over it, a dialog and a bar of icons."""
    image = Image.new("RGB", (480, 320), "#3b6e74")
    draw = ImageDraw.Draw(image)
    shortcuts(draw)
    file_list(draw, window(draw, (58, 12, 300, 214), "Files - quay/2023"))
    text_window(draw, window(draw, (150, 58, 456, 268), "story_weighbridge.txt"))
    dialog(draw, window(draw, (96, 176, 290, 262), "Save changes?"))
    task_bar(draw)
    return image


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def window(draw: ImageDraw.ImageDraw, box: Box, title: str) -> Box:
    """Frame, title bar and buttons; returns the box that is left for content."""
    left, top, right, bottom = box
    draw.rectangle((left + 3, top + 3, right + 3, bottom + 3), fill="#2d555a")
    draw.rectangle(box, fill=CHROME, outline="#5f6670")
    draw.rectangle((left + 1, top + 1, right - 1, top + 17), fill=ACCENT)
    draw.text((left + 7, top + 2), title, fill=PAPER, font=font(11))
    for k, colour in enumerate(["#d9534f", "#e8b84a", "#6fb36a"]):
        x = right - 14 - 14 * k
        draw.ellipse((x, top + 4, x + 9, top + 13), fill=colour)
    return (left + 1, top + 18, right - 1, bottom - 1)


def file_list(draw: ImageDraw.ImageDraw, box: Box) -> None:
    left, top, right, bottom = box
    draw.rectangle((left, top, left + 62, bottom), fill="#f3f4f6")
    for k, place in enumerate(["Home", "Desktop", "Charts", "Photos", "Trash"]):
        if k == 2:
            draw.rectangle((left, top + 4 + 16 * k, left + 62, top + 19 + 16 * k), fill="#cfe0f3")
        draw.text((left + 8, top + 4 + 16 * k), place, fill=INK, font=font(10))
    draw.rectangle((left + 63, top, right, bottom), fill=PAPER)
    names = ["access.log", "bridge.png", "dues.csv", "gull_box.txt", "map_v3.geojson",
             "minutes.txt", "pump.flac", "quay.png", "tides.csv", "winter.txt"]  # fmt: skip
    for k, name in enumerate(names):
        y = top + 5 + 17 * k
        if k % 2:
            draw.rectangle((left + 63, y - 2, right, y + 14), fill="#f6f8fa")
        draw.rectangle((left + 70, y, left + 79, y + 11), fill="#f4f0dd", outline="#8a8470")
        draw.line((left + 72, y + 4, left + 77, y + 4), fill="#8a8470")
        draw.line((left + 72, y + 7, left + 77, y + 7), fill="#8a8470")
        draw.text((left + 85, y), name, fill=INK, font=font(10))
        draw.text((right - 44, y), f"{7 + 37 * k * k % 911} KB", fill="#6b7280", font=font(10))


def text_window(draw: ImageDraw.ImageDraw, box: Box) -> None:
    left, top, right, bottom = box
    for k, menu in enumerate(["File", "Edit", "View", "Help"]):
        draw.text((left + 8 + 36 * k, top + 2), menu, fill=INK, font=font(10))
    draw.rectangle((left, top + 17, right, bottom), fill=PAPER)
    draw.rectangle((right - 9, top + 17, right, bottom), fill="#eceef0")
    draw.rectangle((right - 8, top + 30, right - 1, top + 78), fill="#b4bac2")
    words = (PROSE / "story_weighbridge.txt").read_text(encoding="utf-8").split()[2:]
    draw.rectangle((left + 7, top + 62, right - 60, top + 74), fill="#b7d4f5")
    y, line = top + 22, ""
    for word in words:
        longer = f"{line} {word}".strip()
        if draw.textlength(longer, font=font(11)) > right - left - 24:
            draw.text((left + 8, y), line, fill=INK, font=font(11))
            y, longer = y + 13, word
        if y > bottom - 14:
            return
        line = longer


def dialog(draw: ImageDraw.ImageDraw, box: Box) -> None:
    left, top, _, bottom = box
    draw.polygon([(left + 24, top + 9), (left + 10, top + 33), (left + 38, top + 33)], "#e8b84a")
    draw.text((left + 22, top + 16), "!", fill=INK, font=font(14))
    draw.text((left + 48, top + 9), "Save your changes before", fill=INK, font=font(10))
    draw.text((left + 48, top + 22), "closing this document?", fill=INK, font=font(10))
    for k, (label, fill, ink) in enumerate([("Discard", PAPER, INK), ("Save", ACCENT, PAPER)]):
        x = left + 58 + 66 * k
        button = (x, bottom - 22, x + 58, bottom - 6)
        draw.rounded_rectangle(button, radius=4, fill=fill, outline="#7d8590")
        width = draw.textlength(label, font=font(10))
        draw.text((x + 29 - width / 2, bottom - 20), label, fill=ink, font=font(10))


def shortcuts(draw: ImageDraw.ImageDraw) -> None:
    for k, (name, colour) in enumerate(
        [("Quay", "#e8b84a"), ("Tides", "#7fc4d6"), ("Mail", "#d98a73"), ("Trash", "#b9c0c6")]
    ):
        y = 14 + 58 * k
        draw.rounded_rectangle((12, y, 42, y + 28), radius=5, fill=colour, outline="#24454a")
        draw.line((17, y + 9, 37, y + 9), fill="#24454a", width=2)
        draw.ellipse((22, y + 13, 32, y + 23), outline="#24454a", width=2)
        width = draw.textlength(name, font=font(10))
        draw.text((27 - width / 2, y + 31), name, fill=PAPER, font=font(10))


def task_bar(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((0, 296, 479, 319), fill="#22292f")
    draw.rounded_rectangle((5, 300, 49, 315), radius=4, fill=ACCENT)
    draw.text((14, 301), "Start", fill=PAPER, font=font(10))
    for k, label in enumerate(["Files", "story_weighb...", "Save changes?"]):
        x = 58 + 102 * k
        draw.rectangle((x, 300, x + 96, 315), fill="#3a434b" if k < 2 else "#55616b")
        draw.text((x + 6, 301), label, fill="#dfe4e8", font=font(10))
    for k, height in enumerate([3, 6, 9, 12]):
        draw.rectangle((396 + 5 * k, 314 - height, 398 + 5 * k, 314), fill="#dfe4e8")
    draw.text((428, 301), "14:07", fill=PAPER, font=font(11))


def scan() -> Image.Image:
    """A slice through a body as a scanner would give it: smooth shapes, fine noise, 16 bits."""
    rng = np.random.default_rng(47)
    y, x = np.mgrid[-0.75:0.75:192j, -1:1:256j]
    image = np.full(x.shape, 900.0)
    organs = [  # x, y, half width, half height, turn, level reached inside
        (0.00, 0.00, 0.88, 0.62, 0.00, 17000),  # fat
        (0.00, 0.01, 0.82, 0.56, 0.00, 25500),  # muscle wall
        (-0.36, -0.06, 0.29, 0.38, 0.18, 5200),  # lungs
        (0.38, -0.06, 0.27, 0.37, -0.18, 5200),
        (0.09, -0.07, 0.21, 0.25, 0.50, 30500),  # heart
        (0.06, -0.10, 0.09, 0.13, 0.60, 34500),
        (0.00, 0.35, 0.13, 0.10, 0.00, 47500),  # vertebra
        (0.00, 0.35, 0.09, 0.065, 0.00, 40000),
        (0.00, 0.26, 0.045, 0.04, 0.00, 29000),  # canal
        (0.11, 0.22, 0.05, 0.05, 0.00, 36500),  # aorta
    ]
    ribs = [(0.79 * np.cos(a), 0.53 * np.sin(a), 0.045, 0.022, a + 1.57, 46000)
            for a in np.linspace(0.3, 2 * np.pi - 0.6, 15)]  # fmt: skip
    for shape in organs + ribs:
        image = put(image, x, y, *shape)
    tissue = landscape.fractal(rng, 256, 1.2)[:192]
    inside = put(np.zeros_like(x), x, y, *organs[0][:5], 1.0)
    vessels = np.exp(-9 * np.abs(landscape.fractal(rng, 256, 1.7)[:192]))
    airy = (image < 9000) * inside
    image += inside * 420 * tissue + gaussian_filter(airy, 2) * 4200 * vessels
    image = gaussian_filter(image, 0.7)
    coloured = gaussian_filter(rng.standard_normal(x.shape), 0.6)
    image += coloured / coloured.std() * (90 + 1.1 * np.sqrt(np.clip(image, 0, None)))
    return Image.fromarray(np.clip(np.round(image), 0, 65535).astype(np.uint16))


def put(
    image: Floats, x: Floats, y: Floats,
    cx: float, cy: float, wide: float, high: float, turn: float, level: float,
) -> Floats:  # fmt: skip
    """Blend the image towards a level inside a tilted ellipse with a soft edge."""
    u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
    v = (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
    radius = np.hypot(u / wide, v / high)
    share = 1 / (1 + np.exp(np.clip((radius - 1) * min(wide, high) * 130, -50, 50)))
    return image + (level - image) * share


def write(folder: Path) -> None:
    for name, make in {
        "photo_colour.png": photo_colour,
        "photo_gray.png": photo_gray,
        "plot.png": plot,
        "screenshot.png": screenshot,
        "scan_16bit.png": scan,
    }.items():
        make().save(folder / name, optimize=True)
