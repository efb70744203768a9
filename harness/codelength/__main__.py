"""`python -m codelength`, where the script is not on the path."""

from codelength.cli import main

main()
