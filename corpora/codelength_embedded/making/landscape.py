"""A ray-traced lake among mountains seen from a terrace, and the camera that takes the picture.

Units are metres; x is right, y is away, z is up; the lake lies at z = 0. Light is linear RGB until
`develop` turns it into bytes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve, gaussian_filter, map_coordinates

Floats = NDArray[np.float64]

TERRACE_HEIGHT, TERRACE_END = 14.0, 13.0
LIFT = np.array([0.0, 0.0, TERRACE_HEIGHT])
MAP_SIDE, MAP_METRES = 768, 6000.0
SUN_RADIUS = 0.05  # radians: wider than the real sun, for softer shadows
BALLS = [  # centre, radius, kind of surface
    ((-2.3, 8.2, 1.1), 1.1, "clay"),
    ((1.2, 9.6, 1.5), 1.5, "marble"),
    ((0.1, 6.4, 0.6), 0.6, "glaze"),
    ((3.5, 7.6, 0.8), 0.8, "clay"),
]


@dataclass(frozen=True)
class View:
    """Where the camera stands, where it and the sun point, and the seed of all that is random."""

    size: tuple[int, int]
    eye: tuple[float, float, float]
    heading: float
    tilt: float
    sun: tuple[float, float, float]
    zoom: float
    seed: int


def fractal(rng: np.random.Generator, side: int, slope: float) -> Floats:
    """Periodic noise with a power-law spectrum, mean 0 and deviation 1, (side, side)."""
    across = np.fft.fftfreq(side)[:, None]
    frequency = np.hypot(across, np.fft.rfftfreq(side)[None, :])
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((side, side))) * frequency**-slope
    noise = np.fft.irfft2(spectrum, s=(side, side))
    return (noise - noise.mean()) / noise.std()


def look_up(texture: Floats, u: Floats, v: Floats) -> Floats:
    """The periodic texture at fractional positions, 1 being its whole width."""
    side = texture.shape[0]
    return map_coordinates(texture, [u * side % side, v * side % side], order=1, mode="grid-wrap")


def normalised(vectors: Floats) -> Floats:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def dot(a: Floats, b: Floats) -> Floats:
    return np.sum(a * b, axis=-1)


class Scene:
    """Land, sky, terrace and balls; `radiance` says what a ray sees."""

    def __init__(self, view: View) -> None:
        rng = np.random.default_rng(view.seed)
        self.rng = rng
        self.sun = normalised(np.array(view.sun))
        self.cloud = fractal(rng, 512, 1.55)
        self.grain = fractal(rng, 512, 0.9)
        self.ripple = fractal(rng, 512, 1.1)
        ridged = 1 - np.abs(fractal(rng, MAP_SIDE, 2.0)) + 0.05 * fractal(rng, MAP_SIDE, 1.5)
        y, x = np.mgrid[:MAP_SIDE, :MAP_SIDE] * (MAP_METRES / MAP_SIDE)
        x = x - MAP_METRES / 2
        shore = 420 + 160 * np.sin(x / 330) + 90 * np.sin(x / 131 + 1)
        rise = np.clip((y - shore) / 2900, -0.06, 1) + 0.1 * np.clip((np.abs(x) - 500) / 800, 0, 1)
        self.land = rise * (330 + 330 * ridged) - 6 + 7 * self.grain_over(x, y) * (rise > 0)
        step = MAP_METRES / MAP_SIDE
        down_y, down_x = np.gradient(self.land, step)
        self.slope = np.stack([-down_x, -down_y, np.ones_like(self.land)], axis=-1)
        self.slope /= np.linalg.norm(self.slope, axis=-1, keepdims=True)

    def grain_over(self, x: Floats, y: Floats) -> Floats:
        return look_up(self.grain, x / 900, y / 900)

    def height(self, points: Floats) -> Floats:
        step = MAP_METRES / MAP_SIDE
        at = [points[:, 1] / step, (points[:, 0] + MAP_METRES / 2) / step]
        return map_coordinates(self.land, at, order=1, mode="nearest")

    def sky(self, ways: Floats) -> Floats:
        """Blue above, pale at the horizon, a glow round the sun, and thin clouds."""
        up = np.clip(ways[:, 2], 0.01, 1)[:, None]
        pale, deep = np.array([0.80, 0.86, 0.93]), np.array([0.14, 0.31, 0.67])
        colour = deep + (pale - deep) * np.exp(-4.2 * up)
        facing = np.clip(dot(ways, self.sun), 0, 1)[:, None]
        colour = colour + np.array([1.0, 0.78, 0.5]) * (0.25 * facing**12 + 0.8 * facing**400)
        over = ways[:, :2] / (up + 0.08)
        thick = look_up(self.cloud, over[:, 0] * 0.09, over[:, 1] * 0.05 + 0.3)[:, None]
        cover = np.clip(0.55 * (thick - 0.05), 0, 0.9) * np.clip(4 * up, 0, 1)
        return colour + (np.array([1.05, 1.0, 0.97]) * (0.95 - 0.12 * thick) - colour) * cover

    def radiance(self, origins: Floats, ways: Floats, bounces: int = 1) -> Floats:
        """Linear RGB for each ray, (rays, 3)."""
        colour = self.sky(ways)
        far = np.full(len(ways), np.inf)
        kind = np.zeros(len(ways), dtype=int)
        for number, (centre, radius, _) in enumerate(BALLS, start=1):
            hit = ball_distance(origins, ways, lifted(centre), radius)
            kind[hit < far], far = number, np.minimum(far, hit)
        floor = (TERRACE_HEIGHT - origins[:, 2]) / ways[:, 2]
        on = (floor > 1e-4) & (floor < far) & (origins[:, 1] + floor * ways[:, 1] < TERRACE_END)
        kind[on], far[on] = -1, floor[on]

        for number, (centre, _, surface) in enumerate(BALLS, start=1):
            seen = kind == number
            points = origins[seen] + far[seen, None] * ways[seen]
            normals = normalised(points - lifted(centre))
            colour[seen] = self.ball(points, normals, ways[seen], surface, bounces)
        seen = kind == -1
        colour[seen] = self.paving(origins[seen] + far[seen, None] * ways[seen])
        seen = kind == 0
        colour[seen] = self.distance(origins[seen], ways[seen], colour[seen], bounces)
        return colour

    def lit(self, points: Floats, normals: Floats) -> Floats:
        """Light arriving on the terrace or a ball: sun with a soft shadow, plus the sky."""
        jitter = self.rng.normal(scale=SUN_RADIUS, size=points.shape)
        towards = normalised(self.sun + jitter)
        shade = np.ones(len(points))
        near = np.ones(len(points))
        for centre, radius, _ in BALLS:
            start = points + 1e-3 * normals
            shade[np.isfinite(ball_distance(start, towards, lifted(centre), radius))] = 0
            apart = lifted(centre) - points
            gap = np.linalg.norm(apart, axis=1) + 1e-9
            blocked = np.clip(dot(apart, normals) / gap, 0, 1) * np.minimum(1, (radius / gap) ** 2)
            near *= 1 - 0.75 * np.where(gap > 1.02 * radius, blocked, 0)
        direct = 2.3 * np.clip(dot(normals, self.sun), 0, 1) * shade
        ambient = (0.34 + 0.22 * normals[:, 2]) * near
        return direct[:, None] * [1.0, 0.91, 0.78] + ambient[:, None] * [0.72, 0.86, 1.08]

    def paving(self, points: Floats) -> Floats:
        """Sandstone slabs of uneven tone with dark joints."""
        x, y = points[:, 0] / 1.15, points[:, 1] / 1.15
        x = x + 0.5 * (np.floor(y) % 2)
        tone = look_up(self.grain, np.floor(x) * 0.137, np.floor(y) * 0.291)
        fine = look_up(self.grain, points[:, 0] / 3.1, points[:, 1] / 3.1)
        spots = look_up(self.cloud, points[:, 0] / 5.0, points[:, 1] / 5.0)
        edge = np.minimum(np.abs(x - np.round(x)), np.abs(y - np.round(y)))
        joint = 0.45 + 0.55 * np.clip((edge - 0.008) / 0.02, 0, 1)
        albedo = (0.36 + 0.045 * tone + 0.05 * fine + 0.03 * spots) * joint
        upward = np.tile([0.0, 0.0, 1.0], (len(points), 1))
        return albedo[:, None] * [1.0, 0.90, 0.76] * self.lit(points, upward)

    def ball(
        self, points: Floats, normals: Floats, ways: Floats, surface: str, bounces: int
    ) -> Floats:
        bands = look_up(self.cloud, points[:, 0] / 6, (points[:, 2] + points[:, 1]) / 6)
        fine = look_up(self.grain, points[:, 0] / 2, (points[:, 2] - points[:, 1]) / 2)
        if surface == "clay":
            albedo = (0.42 + 0.07 * fine + 0.05 * bands)[:, None] * [1.0, 0.46, 0.27]
        elif surface == "marble":
            vein = np.exp(-7 * np.abs(bands + 0.25 * np.sin(7 * points[:, 2])))
            albedo = 0.68 - 0.40 * vein[:, None] * [1.0, 0.97, 0.85] + 0.015 * fine[:, None]
        else:
            albedo = np.tile([0.03, 0.10, 0.23], (len(points), 1)) * (1 + 0.1 * fine[:, None])
        colour = albedo * self.lit(points, normals)
        mirror = {"clay": 0.0, "marble": 0.03, "glaze": 0.06}[surface]
        if mirror and bounces and len(points):
            cosine = -dot(ways, normals)[:, None]
            away = ways + 2 * cosine * normals
            share = mirror + (1 - mirror) * (1 - np.clip(cosine, 0, 1)) ** 5
            colour += share * self.radiance(points + 1e-3 * normals, away, bounces - 1)
            colour += 14 * mirror * np.clip(dot(away, self.sun), 0, 1)[:, None] ** 300
        return colour

    def distance(self, origins: Floats, ways: Floats, sky: Floats, bounces: int) -> Floats:
        """Lake, hills and haze, where no nearer thing was hit; `sky` shows through the rest."""
        colour = sky.copy()
        reach = np.full(len(ways), np.inf)
        live = np.flatnonzero(ways[:, 2] < 0.4)
        before, at = 30.0, 36.0
        while at < 5500 and len(live):
            points = origins[live] + at * ways[live]
            under = points[:, 2] - np.maximum(self.height(points), 0)
            struck = under < 0
            reach[live[struck]] = at - (at - before) * 0.5
            live = live[~struck & (points[:, 2] < 1400)]
            before, at = at, 1.018 * at + 1
        hit = np.flatnonzero(np.isfinite(reach))
        if not len(hit):
            return colour
        for _ in range(2):  # sharpen the range on the plane that touches the ground there
            points = origins[hit] + reach[hit, None] * ways[hit]
            above = points[:, 2] - np.maximum(self.height(points), 0)
            reach[hit] += np.clip(above / np.maximum(-ways[hit, 2] + 0.25, 0.2), -40, 40)
        points = origins[hit] + reach[hit, None] * ways[hit]
        wet = self.height(points) <= 0
        colour[hit[~wet]] = self.hillside(points[~wet])
        sheet = hit[wet]
        fall = -origins[sheet, 2] / np.minimum(ways[sheet, 2], -1e-4)
        reach[sheet] = np.minimum(fall, 5000)
        surface = origins[sheet] + reach[sheet, None] * ways[sheet]
        colour[sheet] = self.water(surface, ways[sheet], bounces)
        haze = 1 - np.exp(-np.clip(reach[hit], 0, 6000) / 6500)[:, None]
        air = self.sky(normalised(ways[hit] * [1, 1, 0] + [0, 0, 0.05]))
        colour[hit] += (0.9 * air - colour[hit]) * haze
        return colour

    def hillside(self, points: Floats) -> Floats:
        """Grass and trees below, rock where it is steep, snow above."""
        step = MAP_METRES / MAP_SIDE
        at = [points[:, 1] / step, (points[:, 0] + MAP_METRES / 2) / step]
        normals = np.stack(
            [map_coordinates(self.slope[..., k], at, order=1, mode="nearest") for k in range(3)], -1
        )
        coarse = look_up(self.cloud, points[:, 0] / 700, points[:, 1] / 700)
        fine = look_up(self.grain, points[:, 0] / 260, points[:, 1] / 260)
        steep = np.clip(3.4 * (0.90 - normals[:, 2]) + 0.25 * fine, 0, 1)[:, None]
        wood = np.clip(0.5 + 0.9 * coarse + 0.5 * fine, 0, 1)[:, None]
        green = np.array([0.13, 0.16, 0.055]) * (1 - wood) + np.array([0.03, 0.055, 0.025]) * wood
        rock = np.array([0.21, 0.19, 0.17]) * (1 + 0.35 * fine[:, None])
        colour = green + (rock - green) * steep
        snow = (points[:, 2] - 330 - 60 * coarse - 40 * fine) / 60 - 2.0 * steep[:, 0]
        colour += (np.array([0.85, 0.88, 0.93]) - colour) * np.clip(snow, 0, 1)[:, None]
        direct = 2.3 * np.clip(dot(normals, self.sun), 0, 1)[:, None]
        return colour * (direct * [1.0, 0.91, 0.78] + 0.42 * np.array([0.72, 0.86, 1.08]))

    def water(self, points: Floats, ways: Floats, bounces: int) -> Floats:
        wave = [
            look_up(self.ripple, points[:, 0] / 150 + k / 3, points[:, 1] / 60) for k in range(2)
        ]
        normals = np.stack([0.010 * wave[0], 0.022 * wave[1], np.ones(len(points))], axis=-1)
        normals = normalised(normals)
        cosine = np.clip(-dot(ways, normals), 0, 1)[:, None]
        share = 0.02 + 0.98 * (1 - cosine) ** 5
        away = ways + 2 * cosine * normals
        away[:, 2] = np.abs(away[:, 2])
        if bounces and len(points):
            mirrored = self.distance(points + 0.1 * normals, away, self.sky(away), 0)
        else:
            mirrored = self.sky(away)
        return share * mirrored + (1 - share) * np.array([0.012, 0.040, 0.048])


def lifted(centre: tuple[float, float, float]) -> Floats:
    return np.array(centre) + LIFT


def ball_distance(origins: Floats, ways: Floats, centre: Floats, radius: float) -> Floats:
    """How far along each ray the ball is first met; inf where it is missed."""
    apart = origins - centre
    half = dot(apart, ways)
    inside = half**2 - dot(apart, apart) + radius**2
    root = np.sqrt(np.maximum(inside, 0))
    first = np.where(-half - root > 1e-4, -half - root, -half + root)
    return np.where((inside > 0) & (first > 1e-4), first, np.inf)


def expose(view: View, passes: int) -> Floats:
    """Linear light on the sensor, (height, width, 3): one jittered ray a pixel a pass."""
    scene = Scene(view)
    width, height = view.size
    column, row = np.meshgrid(np.arange(width), np.arange(height))
    turn, tip = np.deg2rad([view.heading, view.tilt])
    forward = np.array([np.sin(turn) * np.cos(tip), np.cos(turn) * np.cos(tip), np.sin(tip)])
    right = normalised(np.cross(forward, [0, 0, 1]))
    up = np.cross(right, forward)
    total = np.zeros((height * width, 3))
    for _ in range(passes):
        x = (column + scene.rng.random(column.shape) - width / 2) / width / view.zoom
        y = (height / 2 - row - scene.rng.random(row.shape)) / width / view.zoom
        aim = 9.0 * (forward + x[..., None] * right + y[..., None] * up).reshape(-1, 3)
        lens = scene.rng.normal(scale=0.006, size=(len(aim), 2))
        shift = lens[:, :1] * right + lens[:, 1:] * up
        eye = np.array(view.eye) + LIFT + shift
        total += np.minimum(scene.radiance(eye, normalised(aim - shift)), 20)
    return total.reshape(height, width, 3) / passes


def capture(light: Floats, seed: int, full_well: float) -> Floats:
    """What a colour camera records: blur, vignette, Bayer mosaic, noise, bilinear demosaic."""
    rng = np.random.default_rng(seed)
    sharp = gaussian_filter(light, (0.55, 0.55, 0)) * vignette(light.shape[:2])[..., None]
    balance = np.array([0.55, 1.0, 0.68])  # what the filters let through, undone below
    mask = bayer(light.shape[:2])
    electrons = rng.poisson(np.clip(sharp * balance * full_well, 0, full_well)).astype(float)
    electrons += rng.normal(scale=4.0, size=electrons.shape)
    kernel = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
    planes = []
    for k in range(3):
        known = convolve(mask[..., k] * electrons[..., k], kernel, mode="mirror")
        planes.append(known / convolve(mask[..., k], kernel, mode="mirror"))
    return np.minimum(np.stack(planes, axis=-1) / full_well / balance, 1)


def capture_gray(light: Floats, seed: int, full_well: float) -> Floats:
    """The same through a camera without colour filters."""
    rng = np.random.default_rng(seed)
    sharp = gaussian_filter(light @ [0.3, 0.55, 0.15], 0.6) * vignette(light.shape[:2])
    electrons = rng.poisson(np.clip(sharp * full_well, 0, full_well)).astype(float)
    return (electrons + rng.normal(scale=5.0, size=electrons.shape)) / full_well


def vignette(shape: tuple[int, int]) -> Floats:
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return 1 - 0.16 * (x**2 + y**2)


def bayer(shape: tuple[int, int]) -> Floats:
    """Which of red, green and blue each site of an RGGB sensor sees."""
    mask = np.zeros((*shape, 3))
    mask[0::2, 0::2, 0] = mask[1::2, 1::2, 2] = 1
    mask[0::2, 1::2, 1] = mask[1::2, 0::2, 1] = 1
    return mask


def develop(linear: Floats) -> NDArray[np.uint8]:
    """Linear light to display bytes: a soft shoulder, then the sRGB curve."""
    x = np.clip(linear, 0, None)
    toned = np.clip(1.12 * x**1.25 / (0.28 + x**1.25) * 1.15, 0, 1)
    curve = np.where(toned < 0.0031308, 12.92 * toned, 1.055 * toned ** (1 / 2.4) - 0.055)
    return np.round(255 * curve).astype(np.uint8)
