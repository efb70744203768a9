"""Three recordings: speech, plucked strings and bells in stereo, a quiet evening outdoors."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, resample_poly, sosfilt

Floats = NDArray[np.float64]

SPOKEN = [  # voice, words a minute, pitch, and sentences out of data/prose
    ("en-gb", 165, 42, "My grandmother darned socks over a wooden mushroom, and since the mushroom "
     "has come down to me and the socks have not, I have had to work out for myself what she "
     "knew."),
    ("en-us+f3", 175, 55, "Will you be on tomorrow? Only it's the last crossing but one."),
    ("en-gb-scotland", 160, 35, "A bell is never in tune. It is in agreement."),
]  # fmt: skip


def speech(rng: np.random.Generator, rate: int = 16_000) -> Floats:
    """Three synthesised voices in a small room."""
    parts = []
    for voice, pace, pitch, text in SPOKEN:
        said, said_rate = synthesise(voice, pace, pitch, text)
        parts += [resample_poly(said, rate, said_rate), np.zeros(int(0.35 * rate))]
    dry = np.concatenate(parts)
    room = reverberant(dry, room_response(rng, rate, seconds=0.25, distance=0.10))
    hum = 0.0006 * np.sin(2 * np.pi * 50 * np.arange(len(room)) / rate)
    return levelled(room, 0.6) + hum + 0.0018 * pink(rng, len(room))


def synthesise(voice: str, pace: int, pitch: int, text: str) -> tuple[Floats, int]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        command = [
            "espeak-ng",
            "-v",
            voice,
            "-s",
            str(pace),
            "-p",
            str(pitch),
            "-w",
            str(path),
            text,
        ]
        subprocess.run(command, check=True)
        return soundfile.read(path)


def strings(rng: np.random.Generator, rate: int = 44_100, seconds: float = 5.0) -> Floats:
    """Plucked chords, a bass, bells and a soft shaker, each in its place; (frames, 2)."""
    mix = np.zeros((int(rate * seconds), 2))
    beat = 0.3125
    chords = [
        (50, 57, 62, 65, 69),
        (46, 58, 62, 65, 70),
        (53, 57, 60, 65, 72),
        (48, 55, 64, 67, 72),
    ]
    for bar, chord in enumerate(chords):
        add(mix, pluck(rng, rate, chord[0] - 12, 1.5, 0.45), 4 * bar * beat, 0.0, 0.9, rate)
        for k, step in enumerate([0, 2, 1, 3, 4, 2, 3, 1]):
            start = (4 * bar + 0.5 * k) * beat + rng.normal(0, 0.004)
            loud = 0.5 * (1.25 if k % 4 == 0 else 1) * rng.uniform(0.85, 1.1)
            add(mix, pluck(rng, rate, chord[step], 1.4, 0.62), start, -0.45, loud, rate)
        for k, note in enumerate([chord[4] + 12, chord[3] + 12]):
            start = (4 * bar + (1.5, 3.0)[k]) * beat
            add(mix, bell(rate, note, 1.8), start, 0.5, 0.16, rate)
        for k in range(8):
            add(
                mix, shake(rng, rate), (4 * bar + 0.5 * k) * beat, 0.75, 0.05 + 0.03 * (k % 2), rate
            )
    wet = np.stack(
        [reverberant(side, room_response(rng, rate, 1.1, 0.22)) for side in mix.T], axis=1
    )
    noise = np.stack([pink(rng, len(wet)) for _ in range(2)], axis=1)
    return levelled(wet, 0.7) + 0.0004 * noise


def evening(rng: np.random.Generator, rate: int = 16_000, seconds: float = 5.0) -> Floats:
    """A slow organ chord, wind that comes and goes, two birds."""
    t = np.arange(int(rate * seconds)) / rate
    drone = np.zeros_like(t)
    for note in (45, 52, 57, 60, 64):
        for harmonic in (1, 2, 3, 4, 6):
            pitch = frequency(note) * harmonic * (1 + rng.normal(0, 0.0012))
            swell = 1 + 0.35 * np.sin(2 * np.pi * (rng.uniform(0.1, 0.5) * t + rng.random()))
            phase = rng.uniform(0, 2 * np.pi)
            drone += swell * np.sin(2 * np.pi * pitch * t + phase) / harmonic**1.4
    gust = 0.55 + 0.45 * np.sin(2 * np.pi * 0.23 * t - 1.1) * np.sin(2 * np.pi * 0.071 * t + 0.5)
    band = butter(2, [180, 900], "bandpass", fs=rate, output="sos")
    wind = sosfilt(band, rng.standard_normal(len(t))) * gust
    song = np.zeros((len(t), 1))
    for start, top in [
        (0.7, 3300),
        (0.95, 3500),
        (1.2, 3300),
        (2.9, 4200),
        (3.05, 4100),
        (4.1, 3300),
    ]:
        add(song, chirp(rate, top), start, 0.0, 0.5, rate)
    birds = reverberant(song[:, 0], room_response(rng, rate, 0.6, 0.4))
    return levelled(drone / 12 + 0.25 * wind + 0.35 * birds, 0.5) + 0.0008 * pink(rng, len(t))


def frequency(note: float) -> float:
    """Hertz of a MIDI note."""
    return 440 * 2 ** ((note - 69) / 12)


def pluck(
    rng: np.random.Generator, rate: int, note: float, seconds: float, bright: float
) -> Floats:
    """Karplus and Strong's string: a burst of noise round a damped, low-passed loop."""
    period = rate / frequency(note) - 0.5
    whole = int(period)
    excitation = np.zeros(int(rate * seconds))
    burst = lfilter([bright], [1, bright - 1], rng.uniform(-1, 1, whole))
    excitation[:whole] = burst - burst.mean()
    keep = 0.5 ** (1 / (0.55 * frequency(note)))  # half the loudness in 0.55 s
    part = period - whole
    loop = np.convolve([0.5, 0.5], [1 - part, part]) * keep
    feedback = np.concatenate([[1.0], np.zeros(whole - 1), -loop])
    tone = lfilter([1.0], feedback, excitation)
    return tone / np.abs(tone).max() * faded(len(tone))


def bell(rate: int, note: float, seconds: float) -> Floats:
    """Hum, prime, tierce, quint, nominal and two above, the high ones dying first."""
    t = np.arange(int(rate * seconds)) / rate
    partials = [(0.5, 0.4), (1, 1), (1.2, 0.7), (1.5, 0.3), (2, 0.8), (2.67, 0.3), (4, 0.2)]
    tone = np.zeros_like(t)
    for ratio, loud in partials:
        pitch = frequency(note) * ratio
        tone += loud * np.exp(-t * (1.2 + 0.9 * ratio)) * np.sin(2 * np.pi * pitch * t)
    return tone * np.minimum(1, t / 0.002) * faded(len(t))


def shake(rng: np.random.Generator, rate: int) -> Floats:
    t = np.arange(int(0.12 * rate)) / rate
    band = butter(2, [4000, 11000], "bandpass", fs=rate, output="sos")
    return sosfilt(band, rng.standard_normal(len(t))) * np.minimum(1, t / 0.02) * np.exp(-t / 0.03)


def chirp(rate: int, top: float) -> Floats:
    t = np.arange(int(0.14 * rate)) / rate
    sweep = top * (1 - 0.25 * t / 0.14) + 160 * np.sin(2 * np.pi * 32 * t)
    return np.sin(2 * np.pi * np.cumsum(sweep) / rate) * np.sin(np.pi * t / 0.14) ** 2


def faded(length: int) -> Floats:
    """Ones, then a short straight way down to zero."""
    return np.minimum(1, np.arange(length, 0, -1) / 900)


def add(mix: Floats, tone: Floats, start: float, place: float, loud: float, rate: int) -> None:
    """Add the tone to the mix from `start` seconds on; place is -1 for left, 1 for right."""
    first = max(0, round(start * rate))
    tone = loud * tone[: max(0, len(mix) - first)]
    if mix.shape[1] == 1:
        gains = [1.0]
    else:
        angle = (place + 1) * np.pi / 4
        gains = [np.cos(angle), np.sin(angle)]
    mix[first : first + len(tone)] += np.outer(tone, gains)


def room_response(rng: np.random.Generator, rate: int, seconds: float, distance: float) -> Floats:
    """The direct sound, then decaying noise `distance` times as strong in energy."""
    t = np.arange(int(seconds * rate)) / rate
    tail = lfilter([0.4], [1, -0.6], rng.standard_normal(len(t))) * np.exp(-6.9 * t / seconds)
    tail[: int(0.004 * rate)] = 0
    tail *= np.sqrt(distance / np.sum(tail**2))
    tail[0] = 1
    return tail


def reverberant(dry: Floats, response: Floats) -> Floats:
    return fftconvolve(dry, response)[: len(dry)]


def pink(rng: np.random.Generator, length: int) -> Floats:
    """Noise with as much power in each octave as in the next, of deviation 1."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))
    noise = np.fft.irfft(spectrum, length)
    return noise / noise.std()


def levelled(sound: Floats, peak: float) -> Floats:
    return sound * (peak / np.abs(sound).max())


def write(folder: Path) -> None:
    for number, (name, make, rate) in enumerate(
        [
            ("speech_16k.flac", speech, 16_000),
            ("strings_44k_stereo.flac", strings, 44_100),
            ("evening_16k.flac", evening, 16_000),
        ]
    ):
        rng = np.random.default_rng(61 + number)
        sound = make(rng, rate)
        dither = rng.random(sound.shape) - rng.random(sound.shape)
        steps = np.clip(np.round(32767 * sound + dither), -32768, 32767).astype(np.int16)
        soundfile.write(folder / name, steps, rate, subtype="PCM_16", compression_level=1.0)
