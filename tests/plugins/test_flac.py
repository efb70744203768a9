import io

import numpy as np
import pytest
import samples
import soundfile

import codelength_flac
from codelength import RAW, Audio
from codelength_flac import Flac


def opened(blob: bytes) -> tuple[np.ndarray, soundfile.SoundFile]:
    with soundfile.SoundFile(io.BytesIO(blob)) as file:
        return file.read(dtype="int16", always_2d=True), file


def test_stereo_is_a_stereo_file_and_smaller_than_the_samples():
    data = samples.wave(5000, 2, 16)
    blob = Flac().encode(data, Audio(44_100, 2, 16))
    frames, file = opened(blob)
    assert (file.samplerate, file.channels, file.subtype) == (44_100, 2, "PCM_16")
    assert frames.tobytes() == data
    assert len(blob) < len(data) / 4


def test_unsigned_bytes_are_signed_samples():
    frames, file = opened(Flac().encode(bytes([0, 127, 128, 255])))
    assert (file.samplerate, file.channels, file.subtype) == (16_000, 1, "PCM_S8")
    assert (frames[:, 0] >> 8).tolist() == [-128, -1, 0, 127]


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", range(1, 9))
def test_all_channels_and_depths_come_back_even_from_noise(channels, depth):
    data = samples.NOISE[: 160 * channels * depth // 8]
    blob = Flac().encode(data, Audio(48_000, channels, depth))
    assert Flac().decode(blob) == data
    assert opened(blob)[1].channels == channels


@pytest.mark.parametrize("rate", [-1, 0, 65_537, 655_360, 10**9])
def test_a_rate_that_flac_cannot_name_is_left_out(rate):
    data = samples.wave(700, 2, 16)
    blob = Flac().encode(data, Audio(rate, 2, 16))
    assert opened(blob)[1].samplerate == 16_000
    assert opened(blob)[1].channels == 2
    assert Flac().decode(blob) == data


@pytest.mark.parametrize("rate", [1, 7, 11_025, 65_535, 65_540, 655_350])
def test_a_rate_that_flac_can_name_is_kept(rate):
    assert opened(Flac().encode(bytes(8), Audio(rate)))[1].samplerate == rate


@pytest.mark.parametrize("size", [*range(20), 4095, 4096, 4097])
def test_short_inputs_come_back(size):
    for data in (bytes(size), b"\xff" * size, (samples.NOISE * 2)[:size]):
        assert Flac().decode(Flac().encode(data)) == data


@pytest.mark.parametrize("media", [RAW, Audio(8_000, 2, 8), Audio(16_000, 3, 16)])
def test_data_is_converted_in_pieces_as_at_once(media, monkeypatch):
    data = samples.wave(5000, 3, 16)
    whole = Flac().encode(data, media)
    monkeypatch.setattr(codelength_flac, "BLOCK", 1000)
    assert Flac().encode(data, media) == whole
    assert Flac().decode(whole) == data


def test_the_payload_starts_with_a_frame():
    blob = Flac().encode(samples.PROSE)
    framing = Flac().ledger(blob)["framing"]
    assert blob[framing : framing + 2] in (b"\xff\xf8", b"\xff\xf9")  # the frame's sync code
