"""Asks the interpreter to end in the middle of a call."""

import sys


def handler(event, context):
    sys.exit(3)
