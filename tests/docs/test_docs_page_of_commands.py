import commands_page


def test_the_page_of_commands_is_what_the_help_texts_say():
    written = commands_page.PATH.read_text("utf-8")
    assert written == commands_page.page(), "python tests/docs/commands_page.py writes it again"
