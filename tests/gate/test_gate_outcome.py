"""Exit codes, and what is written for machines and people."""

import json
from itertools import combinations
from xml.etree import ElementTree

import pytest
from grids import finding, outcome, timing

from codelength.gate.document import encoded
from codelength.gate.junit import junit
from codelength.gate.markdown import MOST, markdown
from codelength.gate.outcome import Policy
from codelength.gate.tables import tables
from codelength.gate.timing import Tempo
from codelength.gate.verdicts import Verdict

EQUAL = finding(Verdict.EQUAL, "xz")
CODES = {
    Verdict.MISMATCH: 4,
    Verdict.LARGER: 1,
    Verdict.OTHER_BYTES: 1,
    Verdict.FAILED: 3,
    Verdict.VANISHED: 3,
    Verdict.UNRECORDED: 3,
    Verdict.CHANGED_KEY: 0,
    Verdict.SMALLER: 0,
    Verdict.DECLINED: 0,
    Verdict.EQUAL: 0,
}


def test_every_verdict_has_its_exit_code_beside_an_equal_cell():
    assert {v: outcome(finding(v), EQUAL).exit_code for v in Verdict} == CODES


def test_of_several_the_round_trip_comes_first_then_the_regression_then_the_hole():
    turn = [4, 1, 3, 0]
    for one, other in combinations(Verdict, 2):
        code = outcome(finding(one), finding(other), EQUAL).exit_code
        assert turn.index(code) == min(turn.index(CODES[one]), turn.index(CODES[other]))


@pytest.mark.parametrize("found", [[], [Verdict.CHANGED_KEY], [Verdict.DECLINED]])
def test_where_nothing_was_compared_nothing_is_green(found):
    made = outcome(*map(finding, found))
    assert made.exit_code == 3
    assert made.headline == "incomplete: nothing was compared"


def test_a_changed_key_blocks_only_if_asked():
    changed = (finding(Verdict.CHANGED_KEY), EQUAL)
    assert outcome(*changed).exit_code == 0
    assert outcome(*changed, policy=Policy(keys=True)).exit_code == 3


def test_a_slower_codec_blocks_only_if_asked():
    slower = (EQUAL, timing(Tempo.SLOWER))
    assert outcome(*slower).exit_code == 0
    assert outcome(*slower, policy=Policy(time=True)).exit_code == 1


def test_a_codec_that_was_not_timed_blocks_only_if_asked():
    timed = (EQUAL, timing(Tempo.AS_BEFORE), timing(Tempo.NOT_TIMED))
    assert outcome(*timed).exit_code == 0
    assert outcome(*timed, policy=Policy(time=True)).exit_code == 3


@pytest.mark.parametrize("timings", [[], [timing(Tempo.NOT_COMPARED)]])
def test_where_times_block_and_none_was_compared_nothing_is_green(timings):
    assert outcome(EQUAL, *timings).exit_code == 0
    assert outcome(EQUAL, *timings, policy=Policy(time=True)).exit_code == 3
    some = [*timings, timing(Tempo.AS_BEFORE)]
    assert outcome(EQUAL, *some, policy=Policy(time=True)).exit_code == 0


def test_the_summary_counts_the_gravest_first():
    made = outcome(finding(Verdict.LARGER), EQUAL, EQUAL, timing(Tempo.AS_BEFORE))
    assert list(made.summary()) == [
        "3 cells: 1 larger, 2 equal",
        "1 times (advisory): 1 as before",
    ]


def test_where_all_is_equal_there_is_no_table():
    assert tables(outcome(EQUAL, timing(Tempo.AS_BEFORE))) == []


def test_corpora_of_which_the_same_is_to_be_said_share_a_row():
    same = [finding(Verdict.CHANGED_KEY, corpus=c, detail="zlib 1 → 2") for c in ("a", "b")]
    (table,) = tables(outcome(*same, finding(Verdict.LARGER, detail="+1 B"), EQUAL))
    assert [row[0] for row in table.rows] == ["larger", "changed key"]
    assert table.rows[1][2] == "a, b"


def test_json_holds_every_cell_and_the_exit_code():
    made = json.loads(encoded(outcome(finding(Verdict.LARGER), EQUAL, timing(Tempo.SLOWER)), "b"))
    assert (made["schema"], made["exit_code"], made["headline"]) == (1, 1, "regression")
    assert [cell["verdict"] for cell in made["cells"]] == ["larger", "equal"]
    assert made["times"][0]["factor"] == 1.31


def test_junit_has_a_case_for_each_cell_and_each_time():
    found = [*map(finding, Verdict), timing(Tempo.SLOWER), timing(Tempo.NOT_TIMED)]
    suite = ElementTree.fromstring(junit(outcome(*found)).encode()).find("testsuite")
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
            for tempo in Tempo:
                made = outcome(*found, timing(tempo), policy=policy)
                suite = ElementTree.fromstring(junit(made).encode()).find("testsuite")
                assert suite is not None
                red = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
                assert bool(red) == bool(made.exit_code), (found, policy, tempo)


def test_junit_survives_what_xml_cannot_hold():
    found = finding(Verdict.FAILED, detail='a\0b\x1b[31m & <c> \ufffe "d"')
    case = ElementTree.fromstring(junit(outcome(found)).encode()).find(".//testcase/error")
    assert case is not None
    assert case.get("message") == 'failed: a\\x00b\\x1b[31m & <c> \\ufffe "d"'


def test_markdown_names_what_changed_and_counts_the_rest():
    text = markdown(outcome(finding(Verdict.LARGER, detail="400 → 401 B"), EQUAL), "base.json")
    assert text.startswith("## codelength gate: regression\n\n- 2 cells: 1 larger, 1 equal\n")
    assert "| larger  | gzip" in text
    assert "left out" not in text


def test_markdown_is_cut_to_what_github_takes_and_says_so():
    many = [finding(Verdict.LARGER, f"codec-{i}", detail=f"{'é' * 300} {i}") for i in range(3000)]
    text = markdown(outcome(*many), "base.json")
    assert MOST == 1 << 20
    assert MOST - 2000 < len(text.encode()) <= MOST
    shown = text.count("| larger ")
    assert f"{3000 - shown:,} more rows are left out" in text
    assert text.startswith("## codelength gate: regression")
    assert text.rstrip().endswith("2025-11-21T06:00:00Z.")


def test_markdown_keeps_the_gravest_rows_and_the_head_when_little_fits():
    found = [finding(Verdict.CHANGED_KEY, detail="x" * 200), finding(Verdict.MISMATCH, detail="y")]
    some = markdown(outcome(*found), "b", most=700)
    assert "round trip failed" in some
    assert "x" * 200 not in some
    none = markdown(outcome(*found), "b", most=10)
    assert none.startswith("## codelength gate: a round trip failed")
    assert "2 more rows" in none
