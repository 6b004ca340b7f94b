"""Everything that can go wrong, in one tree.

::

    FnlabError
    ├── BadValue                 a value breaks a stated rule (also a ValueError)
    ├── DeployError              a thing cannot become a running function
    │   ├── NotFitted            an estimator that has not learned anything yet
    │   ├── UntrustedType        an artefact holds a type that may not be loaded
    │   ├── HandlerNotFound      the handler's module imports, but holds no such function
    │   ├── HandlerNotImportable the handler's module does not import
    │   └── CannotFork           what the handler loaded must not be forked
    ├── InvocationError          a call was accepted and did not end well
    │   ├── EventNotJson         the event cannot be written as JSON
    │   ├── InvalidInput         the rows do not have the shape or type the model was trained on
    │   ├── HandlerError         the handler raised
    │   ├── FunctionTimeout      the handler ran longer than its timeout and was killed
    │   ├── OutOfMemory          the instance outgrew its memory and was killed
    │   ├── DiskFull             its temporary files outgrew their space, and it was killed
    │   ├── InstanceCrashed      the instance's process ended in the middle of the call
    │   └── Throttled            no instance was free and no further one may start
    ├── PlatformError            the emulator itself cannot do what was asked
    │   ├── HomeInUse            another emulator holds this home folder
    │   ├── NotFound             nothing of that name is here
    │   │   ├── FunctionNotFound
    │   │   ├── VersionNotFound
    │   │   ├── AliasNotFound
    │   │   ├── LayerNotFound
    │   │   ├── SettingNotFound  the function is here, and has no such setting
    │   │   └── EventNotFound    no asynchronous event has this id
    │   ├── AlreadyExists        the name is taken
    │   ├── RevisionMismatch     it was changed in the meantime
    │   ├── StillNeeded          something else refers to it
    │   └── EmulatorClosed       the emulator was closed before the call
    ├── DataError                a dataset is unknown, missing or not what its hash says
    └── MissingExtra             an optional package is needed (also an ImportError)

Each class is named after the mistake. A message is one sentence: the rule, the value's name, what was
found and, where it is not plain, what to do.
"""


class FnlabError(Exception):
    """Base of every error that fnlab raises on purpose."""


class BadValue(FnlabError, ValueError):
    """A value breaks a stated rule."""


class DeployError(FnlabError):
    """A thing cannot become a running function."""


class NotFitted(DeployError):
    """The estimator has not been fitted."""


class UntrustedType(DeployError):
    """The artefact holds a type that may not be loaded."""


class HandlerNotFound(DeployError):
    """The handler's module imports, but holds no such function."""


class HandlerNotImportable(DeployError):
    """The handler's module does not import."""


class CannotFork(DeployError):
    """What the handler loaded must not be forked: live threads, or a CUDA context."""


class InvocationError(FnlabError):
    """A call did not end well.

    Attributes
    ----------
    request_id : str
        The request, as in the logs; empty when the call never reached the platform.
    stack_trace : tuple of str
        The handler's own stack trace, one string a frame; empty unless the handler raised.
    """

    def __init__(self, message: str, *, request_id: str = "", stack_trace: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.request_id = request_id
        self.stack_trace = stack_trace


class EventNotJson(InvocationError):
    """The event cannot be written as JSON."""


class InvalidInput(InvocationError):
    """The rows do not have the shape or type the model was trained on."""


class HandlerError(InvocationError):
    """The handler raised an exception."""


class FunctionTimeout(InvocationError):
    """The handler ran longer than its timeout and was killed."""


class OutOfMemory(InvocationError):
    """The instance outgrew its memory and was killed."""


class DiskFull(InvocationError):
    """The instance's temporary files outgrew their space, and it was killed."""


class InstanceCrashed(InvocationError):
    """The instance's process ended in the middle of the call."""


class Throttled(InvocationError):
    """No instance was free and no further one may start."""


class PlatformError(FnlabError):
    """The emulator itself cannot do what was asked."""


class HomeInUse(PlatformError):
    """Another emulator holds this home folder."""


class NotFound(PlatformError):
    """Nothing of that name is here."""


class FunctionNotFound(NotFound):
    """No function of that name is deployed."""


class VersionNotFound(NotFound):
    """The function has no such version."""


class AliasNotFound(NotFound):
    """The function has no alias of that name."""


class LayerNotFound(NotFound):
    """There is no such layer, or no such version of it."""


class SettingNotFound(NotFound):
    """The function is here, and has no such setting."""


class EventNotFound(NotFound):
    """No asynchronous event has this id."""


class AlreadyExists(PlatformError):
    """The name is taken."""


class RevisionMismatch(PlatformError):
    """It was changed since the caller last looked."""


class StillNeeded(PlatformError):
    """Something else refers to it."""


class EmulatorClosed(PlatformError):
    """The emulator was closed before the call."""


class DataError(FnlabError):
    """A dataset is unknown, missing or not what its hash says."""


class MissingExtra(FnlabError, ImportError):
    """An optional package is needed and is not installed."""
