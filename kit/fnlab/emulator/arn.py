"""How functions are called in records and destinations: ARNs, AWS's way or Alibaba's, or bare names."""

import re

#: What ARNs say of a platform that belongs to no account.
REGION, ACCOUNT = "us-east-1", "000000000000"

_AWS = re.compile(r"arn:aws[\w-]*:lambda:[\w-]*:\d*:function:([\w-]+)(?::([\w$-]+))?")
_FC = re.compile(r"acs:fc:[\w-]*:\d*:functions/([\w-]+)(?:/([\w$-]+))?")
_BARE = re.compile(r"([\w-]+)(?::([\w$-]+))?")


def function_arn(name: str, qualifier: str | None = None, *, region: str = REGION, account: str = ACCOUNT) -> str:
    """Write a function's ARN as AWS does.

    Examples
    --------
    >>> function_arn("echo", "live")
    'arn:aws:lambda:us-east-1:000000000000:function:echo:live'
    """
    suffix = f":{qualifier}" if qualifier else ""
    return f"arn:aws:lambda:{region}:{account}:function:{name}{suffix}"


def function_in(text: str) -> tuple[str, str | None] | None:
    """Read the function and the qualifier out of a name or an ARN; None when it names something else.

    Examples
    --------
    >>> function_in("arn:aws:lambda:us-east-1:000000000000:function:echo:live")
    ('echo', 'live')
    >>> function_in("arn:aws:sqs:us-east-1:000000000000:letters")
    """
    for pattern in (_AWS, _FC, _BARE):
        if found := pattern.fullmatch(text):
            return found[1], found[2]
    return None
