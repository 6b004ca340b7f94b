"""``python -m fnlab.cli`` does what ``fnlab`` does."""

from fnlab.cli import main

main()
