"""Where links lead, and the files that pages name."""

import re
from itertools import chain

import pytest
from pages import PAGES, ROOT, Page

FOLDERS = ("harness", "plugins", "corpora", "tests", "docs", "reports", "benchmarks", ".ci")
FILE = re.compile(rf"(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./*-]*")


def files(page: Page) -> set[str]:
    """Files and folders of the repository that a page names, in text or at the start of a line of a
    block, as in a list of folders."""
    lines = (line.split()[:1] for block in page.blocks("") for line in block.text.splitlines())
    named = chain(page.spans(), chain.from_iterable(lines))
    return {name for name in named if FILE.fullmatch(name)}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_within_the_repository_leads_somewhere(page):
    broken = []
    for link in page.links():
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        inside = target.is_relative_to(ROOT) and target.exists()
        if not inside or (anchor and anchor not in Page(target).anchors()):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_file_that_is_named_is_there(page):
    assert [name for name in sorted(files(page)) if not any(ROOT.glob(name.rstrip("/")))] == []


def test_pages_have_links_and_name_files():
    assert sum(len(page.links()) for page in PAGES) > 5
    assert len(set().union(*map(files, PAGES))) > 5


def test_every_page_can_be_reached_from_the_readme():
    reached, ahead = set(), {ROOT / "README.md"}
    while ahead:
        page = Page(ahead.pop())
        reached.add(page.path)
        links = {(page.path.parent / link.partition("#")[0]).resolve() for link in page.links()}
        ahead |= {link for link in links if link.suffix == ".md" and link.exists()} - reached
    assert [str(page) for page in PAGES if page.path not in reached] == []
