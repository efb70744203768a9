"""Python in the documentation: it runs, and what it names is there with the arguments it says."""

import ast
import builtins
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

import pytest
from pages import PAGES, Block

import codelength
from codelength.plugins import Plugins
from codelength.testing import check_codec, check_corpus

DEFINES = (
    *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign),
    ast.AsyncFunctionDef,
)
"""Statements that do nothing but define, so that a test can run them."""
BLOCKS = [block for page in PAGES for block in page.blocks("python", "py")]
DOTTED = re.compile(r"codelength\w*(\.\w+)+")
CALL = re.compile(r"([A-Za-z_][\w.]*)\(([^()]*)\)")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_python_runs_and_knows_every_name_it_uses(page, monkeypatch):
    module = ModuleType("a_page")
    monkeypatch.setitem(sys.modules, "a_page", module)  # dataclasses look their module up
    # a part of a plugin need not repeat its imports
    vars(module).update({name: getattr(codelength, name) for name in codelength.__all__})
    for block in page.blocks("python", "py"):
        tree = ast.parse(block.text, str(block))
        run = [node for node in tree.body if isinstance(node, DEFINES)]
        exec(compile(ast.Module(run, []), str(block), "exec"), vars(module))
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert unknown(tree, used - vars(module).keys()) == set(), str(block)


def unknown(tree: ast.AST, names: set[str]) -> set[str]:
    """Those that no builtin and nothing within `tree` defines."""
    stored = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return names - stored - arguments - vars(builtins).keys()


def plugins() -> Iterator[Block]:
    """The blocks that are whole plugins."""
    return (block for block in BLOCKS if "@hookimpl" in block.text)


@pytest.mark.parametrize("block", list(plugins()), ids=str)
def test_a_plugin_that_is_shown_passes_the_kit(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in ("mail/one.eml", "poems/one.txt"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("Subject: a corpus of one\n\nHello\n")
    (tmp_path / "shown.py").write_text(block.text)
    host = Plugins(["shown.py"], only=())
    assert not host.broken
    for codec in host.codecs:
        check_codec(codec.item)
    for corpus in host.corpora:
        check_corpus(corpus.item)


def test_pages_show_plugins():
    assert len(list(plugins())) >= 2


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_dotted_name_leads_to_something(page):
    named = {span for span in page.spans() if DOTTED.fullmatch(span)}
    missing = {name for name in named - entry_points().groups if resolved(name) is None}
    assert {name for name in missing if not name.endswith((".toml", ".json", ".py"))} == set()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_call_that_is_stated_fits_a_signature(page):
    wrong = []
    for span in page.spans():
        for name, arguments in CALL.findall(span):
            known = candidates(name)
            if known and not any(fits(signature, arguments) for signature in known):
                wrong.append(f"{name}({arguments}) is not {name}{known[0]}")
            if not known and name.startswith("codelength"):
                wrong.append(f"{name} is not there")
    assert wrong == []


@pytest.mark.parametrize(
    ("call", "right"),
    [
        ("encode(data, media)", True),
        ("encode(data)", True),
        ("encode(media, data)", False),
        ("encode(data, media, level)", False),
        ("Image(width, height, channels, depth)", True),
        ("Image(width, height, depth, channels)", False),
        ("check_codec(codec, timeout=3)", True),
        ("check_codec(codec, patience=3)", False),
        ("Plugins(files, data=None)", True),
        ("split_spec('a:b')", True),
    ],
)
def test_a_wrong_signature_is_told_from_a_right_one(call, right):
    ((name, arguments),) = CALL.findall(call)
    assert any(fits(signature, arguments) for signature in candidates(name)) is right


def fits(signature: inspect.Signature, arguments: str) -> bool:
    """May a call be written like this? Names that stand alone have to be those of parameters."""
    try:
        call = ast.parse(f"f({arguments.replace('…', '...')})", mode="eval").body
    except SyntaxError:
        return False
    assert isinstance(call, ast.Call)
    names = [name for name in signature.parameters if name != "self"]
    placed = list(zip(names, call.args, strict=False))
    return (
        len(call.args) <= len(names)
        and all(not isinstance(value, ast.Name) or value.id == name for name, value in placed)
        and all(keyword.arg in names for keyword in call.keywords)
    )


def candidates(name: str) -> list[inspect.Signature]:
    """The signatures of everything public in codelength that is called so."""
    if DOTTED.fullmatch(name):
        signature = signature_of(resolved(name))
        return [signature] if signature else []
    owner, _, last = name.rpartition(".")
    return public().get(last, []) if owner in ("", "Codec", "Corpus", "Predictor") else []


@cache
def public() -> dict[str, list[inspect.Signature]]:
    """Signatures of functions, classes and methods in the modules of codelength, by last name."""
    found: dict[str, list[inspect.Signature]] = {}
    for info in pkgutil.walk_packages(codelength.__path__, "codelength."):
        if ".cli" in info.name or info.name.endswith("__main__"):
            continue
        for name, thing in vars(importlib.import_module(info.name)).items():
            if getattr(thing, "__module__", None) != info.name:
                continue
            members = vars(thing).items() if isinstance(thing, type) else ()
            for called, callee in ((name, thing), *members):
                if not called.startswith("_") and (signature := signature_of(callee)):
                    found.setdefault(called, []).append(signature)
    return found


def signature_of(thing: Any) -> inspect.Signature | None:
    """None for what cannot be called."""
    try:
        return inspect.signature(thing) if callable(thing) else None
    except ValueError:
        return None


def resolved(name: str) -> Any:
    """What a dotted name leads to, modules and then attributes; None if to nothing."""
    parts = name.split(".")
    for corpus_slice in range(len(parts), 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(parts[:corpus_slice]))
        except ImportError:
            continue
        for part in parts[corpus_slice:]:
            thing = getattr(thing, part, None)
        return thing
    return None
