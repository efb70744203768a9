"""What a gate writes for people and machines."""

import json
from xml.etree import ElementTree

from gate_factories import finding, outcome, timing

from codelength.gate.outcome import Policy
from codelength.gate.output import (
    STEP_SUMMARY,
    outcome_to_json,
    to_junit,
    to_markdown,
    to_tables,
)
from codelength.gate.timing import TimeVerdict
from codelength.gate.verdicts import Verdict

EQUAL = finding(Verdict.EQUAL, "xz")


def test_where_all_is_equal_there_is_no_table():
    assert to_tables(outcome(EQUAL, timing(TimeVerdict.AS_BEFORE))) == []


def test_corpora_of_which_the_same_is_to_be_said_share_a_row():
    same = [finding(Verdict.CHANGED_KEY, corpus=c, detail="zlib 1 → 2") for c in ("a", "b")]
    (table,) = to_tables(outcome(*same, finding(Verdict.LARGER, detail="+1 B"), EQUAL))
    assert [row[0] for row in table.rows] == ["larger", "changed key"]
    assert table.rows[1][2] == "a, b"


def test_json_holds_every_cell_and_the_exit_code():
    found = outcome(finding(Verdict.LARGER), EQUAL, timing(TimeVerdict.SLOWER))
    made = json.loads(outcome_to_json(found, "b"))
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
    assert suite.attrib["failures"] == "3"  # a mismatch, a larger one, one of other bytes
    assert suite.attrib["errors"] == "3"  # failed, vanished, not recorded
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
    text = to_markdown(outcome(finding(Verdict.LARGER, detail="400 → 401 B"), EQUAL), "base.json")
    assert text.startswith("## codelength gate: regression\n\n- 2 cells: 1 larger, 1 equal\n")
    assert "| larger  | gzip" in text
    assert "left out" not in text


def test_markdown_is_cut_to_what_github_takes_and_says_so():
    many = [finding(Verdict.LARGER, f"codec-{i}", detail=f"{'é' * 300} {i}") for i in range(3000)]
    text = to_markdown(outcome(*many), "base.json")
    assert STEP_SUMMARY == 1 << 20
    assert STEP_SUMMARY - 2000 < len(text.encode()) <= STEP_SUMMARY
    shown = text.count("| larger ")
    assert f"{3000 - shown:,} more rows are left out" in text
    assert text.startswith("## codelength gate: regression")
    assert text.rstrip().endswith("2025-11-21T06:00:00Z.")


def test_markdown_keeps_the_gravest_rows_and_the_head_when_little_fits():
    found = [finding(Verdict.CHANGED_KEY, detail="x" * 200), finding(Verdict.MISMATCH, detail="y")]
    some = to_markdown(outcome(*found), "b", most=700)
    assert "round trip failed" in some
    assert "x" * 200 not in some
    none = to_markdown(outcome(*found), "b", most=10)
    assert none.startswith("## codelength gate: a round trip failed")
    assert "2 more rows" in none
