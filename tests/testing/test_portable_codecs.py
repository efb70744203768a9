"""Every codec in the box that says it is portable is tried: `codelength run` shows it as verified.

A run believes a codec in the box without a note of `codelength check-plugin` because this test is
the trial.
"""

import pytest

from codelength import Codec, Sample, Unavailable
from codelength.plugins import Plugins, Registered
from codelength.results.portability import TESTED
from codelength.testing import questions
from codelength.testing.inputs import make_noise, make_prose
from codelength.testing.messages import Outcome
from codelength.testing.session import MEMORY, Session
from codelength.workers.processes import OLD_PROCESSOR


def says_portable(entry: Registered[Codec]) -> bool:
    states = type(entry.item).portable is not Codec.portable
    return entry.plugin.package == TESTED and states and entry.item.portable


CODECS = [entry.item for entry in Plugins().codecs if says_portable(entry)]

SAMPLES = [
    Sample("prose", make_prose(500)),
    Sample("noise", make_noise(300, "portable")),
    Sample("nothing", b""),
]


def test_the_box_has_codecs_that_say_they_are_portable():
    assert {codec.name for codec in CODECS} >= {"order2", "recurrent", "mix", "transformer"}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.spec)
def test_blobs_decode_with_other_threads_and_older_instructions(codec):
    try:
        codec.check_available()
    except Unavailable as missing:
        pytest.skip(str(missing))
    here = Session(codec, timeout=300, memory=MEMORY, hash_seed=1)
    there = Session(codec, 300, MEMORY, hash_seed=2, threads=3, variables=OLD_PROCESSOR)
    with here, there:
        for sample in SAMPLES:
            blob = here.ask(questions.encode, sample)
            assert blob.problem is None, blob
            size = len(sample.data)
            assert there.ask(questions.decode, blob.value, size) == Outcome(sample.data)
            assert there.ask(questions.encode, sample) == blob
