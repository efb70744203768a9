import pytest
import toml_files

from codelength import UsageError

FILE = toml_files.GZIP


def test_every_row_is_a_codec_with_its_settings(tmp_path):
    plugins = toml_files.loaded(tmp_path, FILE)
    assert [entry.item.spec for entry in plugins.codecs] == ["my-gzip:level=1", "my-gzip:level=9"]
    assert plugins.codec("my-gzip:6").item.spec == "my-gzip:level=6"
    assert plugins.codec("my-gzip").item.spec == "my-gzip:level=9"


def test_a_setting_takes_the_values_that_are_declared(tmp_path):
    plugins = toml_files.loaded(tmp_path, FILE)
    with pytest.raises(UsageError, match="my-gzip takes level 1, 6 or 9, not 7"):
        plugins.codec("my-gzip:level=7")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[codec", "my-codecs.toml defines no codecs: Expected ']'"),
        (FILE + "\xa0", "my-codecs.toml defines no codecs: Invalid statement (at line"),
        ("codecs = 1", "unknown field `codecs`"),
        (FILE + "levle = 1", "unknown field `levle` - at `$.codec[...]`"),
        ("[codec.a]\nencode = 'cat'", "a needs a command to decode"),
        ("[codec.a]\nencode = ''\ndecode = 'cat'", "a command needs a program"),
        (FILE.replace("-d", "-d '"), "No closing quotation"),
        (
            FILE.replace("{level}", "{lev}"),
            "my-gzip has no {lev} to fill in; it has {here}, {in}, ",
        ),
        (FILE.replace("{level}", "{level:9}"), "a place is a name in braces"),
        (FILE.replace("{level}", "{level"), "is no command: expected '}' before end of string"),
        (FILE.replace("{level}", "9"), "my-gzip never uses its setting 'level'"),
        (FILE.replace("default = 9", "default = 8"), "the default 8 is none of the values"),
        (FILE.replace("6, 9]", "'6', 9]"), "'6' cannot be a value here: values are all numbers"),
        (FILE.replace("[1, 6, 9]", "[9, 'a,b']"), "'a,b' cannot be a value here"),
        (FILE.replace("level", "encode"), "my-gzip cannot call a setting 'encode'"),
        (FILE.replace("level", "here"), "my-gzip cannot call a setting 'here'"),
        (FILE.replace("level = 1 }", "lvel = 1 }"), "my-gzip has no setting 'lvel' for a row"),
        (FILE + "timeout = 0", "Expected `float` > 0.0 - at `$.codec[...].timeout`"),
        (FILE + "ends = 'zz'", "ends='zz' is no row of bytes like 00ff"),
        (FILE + "takes = 'jpeg'", "Invalid enum value 'jpeg' - at `$.codec[...].takes`"),
        (
            FILE.replace("-d -c", "{in}.a {in}.b -d -c"),
            "{in} is a file with one suffix, not ['.a', '.b']",
        ),
        (FILE.replace("my-gzip", '"my gzip"'), "'my gzip' cannot be named on the command line"),
    ],
)
def test_what_cannot_be_meant_is_named_in_one_line(tmp_path, text, problem):
    (broken,) = toml_files.loaded(tmp_path, text).broken
    assert problem in broken.problem
    assert "\n" not in broken.problem


def test_a_file_of_a_kind_that_nothing_reads_is_named(tmp_path):
    (broken,) = toml_files.loaded(tmp_path, "", "my-codecs.yaml").broken
    assert "no plugin reads my-codecs.yaml; plugin files end in .py, .toml" in broken.problem


def test_a_program_that_is_missing_is_named_with_the_way_to_get_it(tmp_path):
    text = "encode = 'no-such-program'\ndecode = 'cat'\ninstall = 'apt-get install no-such'"
    with pytest.raises(Exception, match=r"mine needs the program no-such-program: apt-get install"):
        toml_files.codec(tmp_path, text).check_available()


def test_a_changed_definition_has_another_version(tmp_path):
    def definition(text: str) -> str:
        return toml_files.codec(tmp_path, text).digests["definition"]

    same = FILE.replace("rows", "timeout = 9\nrows")
    assert definition(FILE) == definition(same) != definition(FILE.replace("-n -c", "-c -n"))
