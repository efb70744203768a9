"""The figures that README opens with are those of the committed reports."""

import re

from pages import ROOT

REPORTS = ROOT / "reports" / "leaderboard"


def test_the_opening_has_the_figures_of_the_reports():
    text = (ROOT / "README.md").read_text("utf-8")
    opening = text.partition("\n## ")[0]
    shown = set(re.findall(r"\d+\.\d\d(?=%)", opening))
    assert len(shown) >= 6
    pages = [(REPORTS / part / "report.md").read_text("utf-8") for part in ("whole", "sample")]
    known = set(re.findall(r"\d+\.\d\d", "".join(pages)))
    assert shown <= known
