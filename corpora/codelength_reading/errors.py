"""What keeps a file from being read as media."""

from codelength.api.errors import CorpusError


class NotRepresentable(CorpusError):
    """A picture or a recording that cannot be read exactly as it is stored.

    The message follows the file's name: `it has 3 frames`.
    """
