"""Which door a request goes to."""

import re

_FC = re.compile(r"/2023-03-30(/|$)")
_AWS = re.compile(r"/20\d\d-\d\d-\d\d/")
