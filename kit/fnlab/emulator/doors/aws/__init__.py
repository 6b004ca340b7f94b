"""AWS Lambda's REST interface: an unchanged ``boto3`` client finds what it knows.

What the platform has no idea of is kept and given back, or refused in AWS's own form; :data:`PARITY` says which.
"""

from fnlab.emulator.doors.aws.door import AwsDoor
from fnlab.emulator.doors.aws.parity import PARITY, Parity

__all__ = ["PARITY", "AwsDoor", "Parity"]
