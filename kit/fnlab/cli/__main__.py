"""``python -m fnlab.cli`` does what ``fnlab`` does."""

from fnlab.cli.commands import main

main()
