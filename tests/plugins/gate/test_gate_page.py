"""What a gate writes for people and machines."""

import json
from xml.etree import ElementTree

from gate_factories import finding, outcome, timing

from codelength.report.export import EXPORTERS
from codelength.report.table import Table
from codelength_gate.outcome import Outcome, Policy
from codelength_gate.page import MOST, to_annotations, to_junit, to_page
from codelength_gate.timing import TimeVerdict
from codelength_gate.verdicts import Verdict

EQUAL = finding(Verdict.EQUAL, "xz")


def export(found: Outcome, name: str) -> str:
    (exporter,) = [exporter for exporter in EXPORTERS if exporter.name == name]
    return exporter.export(to_page(found, "base.json")).decode()


def to_tables(found: Outcome) -> list[Table]:
    return [section for section in to_page(found, "b").first if isinstance(section, Table)]


def test_where_all_is_equal_there_is_no_table():
    assert to_tables(outcome(EQUAL, timing(TimeVerdict.AS_BEFORE))) == []


def test_corpora_of_which_the_same_is_to_be_said_share_a_row():
    same = [finding(Verdict.CHANGED_KEY, corpus=c, detail="zlib 1 → 2") for c in ("a", "b")]
    (table,) = to_tables(outcome(*same, finding(Verdict.LARGER, detail="+1 B"), EQUAL))
    assert [row[0] for row in table.rows] == ["larger", "changed key"]
    assert table.rows[1][2] == "a, b"


def test_json_holds_every_cell_and_the_exit_code():
    found = outcome(finding(Verdict.LARGER), EQUAL, timing(TimeVerdict.SLOWER))
    made = json.loads(export(found, "json"))
    assert (made["schema"], made["exit_code"], made["headline"]) == (1, 1, "regression")
    assert [cell["verdict"] for cell in made["cells"]] == ["larger", "equal"]
    assert made["times"][0]["factor"] == 1.31
    assert made["times"][0]["tempo"] == "slower"  # the name that it has in files of schema 1


def test_junit_has_a_case_for_each_cell_and_each_time():
    found = [*map(finding, Verdict), timing(TimeVerdict.SLOWER), timing(TimeVerdict.NOT_TIMED)]
    suite = ElementTree.fromstring(to_junit(outcome(*found)).encode()).find("testsuite")
    assert suite is not None
    kinds = {case.get("name"): [child.tag for child in case] for case in suite if case.get("name")}
    assert suite.attrib["tests"] == str(len(suite)) == str(len(Verdict) + 2 + 1)
    assert suite.attrib["failures"] == "5"  # mismatch, larger, other bytes, row, budget
    assert suite.attrib["errors"] == "4"  # failed, vanished, gone, not recorded
    assert suite.attrib["skipped"] == "3"  # changed key, declined, not timed
    assert kinds["time to encode"] == ["skipped"]


def test_junit_is_never_green_where_the_exit_code_is_not_zero():
    for found in ([], [finding(Verdict.CHANGED_KEY)], *[[finding(v), EQUAL] for v in Verdict]):
        for policy in (Policy(), Policy(time=True, keys=True)):
            for speed in TimeVerdict:
                made = outcome(*found, timing(speed), policy=policy)
                suite = ElementTree.fromstring(to_junit(made).encode()).find("testsuite")
                assert suite is not None
                red = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
                assert bool(red) == bool(made.exit_code), (found, policy, speed)


def test_junit_survives_what_xml_cannot_hold():
    found = finding(Verdict.FAILED, detail='a\0b\x1b[31m & <c> \ufffe "d"')
    case = ElementTree.fromstring(to_junit(outcome(found)).encode()).find(".//testcase/error")
    assert case is not None
    assert case.get("message") == 'failed: a\\x00b\\x1b[31m & <c> \\ufffe "d"'


def test_markdown_names_what_changed_and_counts_the_rest():
    text = export(outcome(finding(Verdict.LARGER, detail="400 → 401 B"), EQUAL), "markdown")
    assert text.startswith("# codelength gate: regression\n\n2 cells: 1 larger, 1 equal\n")
    assert "| larger | gzip" in text
    assert "left out" not in text
    assert "Compared with `base.json`, by codelength 0.1.0 on Fast 9000, 2025" in text


def test_markdown_is_cut_to_what_github_takes_and_says_so():
    many = [finding(Verdict.CHANGED_KEY, "last"), finding(Verdict.MISMATCH, "first")]
    many += [finding(Verdict.LARGER, f"codec-{i}", detail=f"{'é' * 3000} {i}") for i in range(3000)]
    text = export(outcome(*many), "markdown")
    assert len(text.encode()) <= 1 << 20
    assert text.count("| larger ") == MOST - 1
    assert "| round trip failed | first" in text
    assert f"{3002 - MOST:,} more rows are left out" in text


def test_csv_has_a_line_for_each_cell_and_each_time():
    found = outcome(finding(Verdict.LARGER), EQUAL, timing(TimeVerdict.SLOWER))
    heads, *rows = export(found, "csv").splitlines()
    assert heads == "codec,corpus,protocol,direction,verdict,before,now,factor,p,detail"
    assert rows[0] == "gzip,prose,whole,,larger,,,,,"
    assert rows[2] == "gzip,,,encode,slower,,,1.31,0.004,"


def test_html_is_a_page_without_a_script():
    text = export(outcome(finding(Verdict.LARGER, detail="<b>"), EQUAL), "html")
    assert "codelength gate: regression" in text
    assert "&lt;b&gt;" in text


def test_annotations_name_the_file_of_the_codec_or_the_line_of_the_baseline(tmp_path):
    path = tmp_path / "b.json"
    path.write_text('{\n"cells": [\n{"codec":"zstd:level=3","corpus":"prose"}\n]}\n')
    found = outcome(
        finding(Verdict.LARGER, detail="400 → 401 B (+1 B, +0.250%)"),
        finding(Verdict.LARGER, corpus="tables", detail="40 → 41 B"),
        finding(Verdict.CHANGED_KEY, "zstd:level=3", detail="a\nb"),
        finding(Verdict.SMALLER, "zstd:level=3", detail="fine"),
        EQUAL,
        timing(TimeVerdict.SLOWER),
        timing(TimeVerdict.NOT_COMPARED, "xz"),
    )
    lines = list(to_annotations(found, {"gzip": "src/my,codec.py"}, str(path)))
    title = "title=codelength gate"
    assert lines == [
        f"::error file=src/my%2Ccodec.py,{title}::larger: gzip on prose, tables: 400 → 401 B "
        "(+1 B, +0.250%25)",
        f"::warning file={path},line=3,{title}::changed key: zstd:level=3 on prose: a b",
        f"::notice file={path},line=3,{title}::smaller: zstd:level=3 on prose: fine",
        f"::warning file=src/my%2Ccodec.py,{title}::slower: gzip on time to encode: "
        "1.31 times as long, in 5 passes, p=0.004",
    ]
