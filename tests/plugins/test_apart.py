"""Plugins do not need each other: without the recurrent codec the others list and work."""

import json
import re
import subprocess
import sys
from pathlib import Path

WITHOUT_RECURRENT = """
import json, sys
sys.modules["codelength_recurrent"] = None  # import raises ImportError
from codelength import Unavailable
from codelength.plugins import Plugins

plugins = Plugins(only=["hf", "mix", "online", "order2", "recurrent"])
reasons, decoded = {}, {}
for registered in plugins.codecs:
    codec = registered.item
    try:
        codec.check_available()
    except Unavailable as error:
        reasons[codec.spec] = str(error)
        continue
    if codec.name != "hf" and codec.spec not in decoded:
        decoded[codec.spec] = codec.decode(codec.encode(b"abc" * 40)).decode()
broken = {plugin.name: plugin.problem for plugin in plugins.broken}
print(json.dumps([broken, reasons, decoded]))
"""


def test_the_others_work_without_the_recurrent_codec():
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_RECURRENT], capture_output=True, text=True, check=True
    )
    broken, reasons, decoded = json.loads(run.stdout)
    assert broken.keys() == {"recurrent"}
    assert "recurrent" in broken["recurrent"]
    assert reasons["mix"] == "mix takes a model of the codec recurrent, which is not installed"
    of_models = {"hf", "imported", "torch", "vllm"}  # these need a model
    assert {spec.partition(":")[0] for spec in reasons} <= {"mix", *of_models}
    names = {spec.partition(":")[0] for spec in decoded}
    assert names == {"mixer", "mixer-media", "online", "order2", "transformer"}
    assert set(decoded.values()) == {"abc" * 40}


def test_plugins_of_one_file_import_no_other():
    """Packages are held to this by import-linter, which reads no single files."""
    folder = Path(__file__).parents[2] / "plugins"
    files = sorted(folder.glob("codelength_*.py"))
    assert files
    for file in files:
        imported = re.findall(r"^\s*(?:from|import) (codelength_\w+)", file.read_text(), re.M)
        assert set(imported) <= {"codelength_exact"}, file.name
