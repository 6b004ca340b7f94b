"""Brings the processes of instances up, and puts them away."""

from collections.abc import Callable

from fnlab.emulator.beside import Chores
from fnlab.emulator.home import Home
from fnlab.emulator.log import Log
from fnlab.emulator.processes.kinds import AnyInstance, Owner
from fnlab.emulator.processes.nursery import Nursery
from fnlab.emulator.processes.process import INIT_TIMEOUT_S
from fnlab.emulator.report import error_json
from fnlab.emulator.supervision.slots import Slot
from fnlab.errors import CannotFork, FnlabError
from fnlab.functions import Function
from fnlab.trace import Kind, Status

#: The cloud tries a failed init once more.
INIT_TRIES = 2


class Launcher:
    """The way of one version's instances into life and out of it.

    Parameters
    ----------
    function, version : Function, int
        What they run.
    home : Home
        Where their logs are.
    nursery : Nursery
        Where they come from.
    owner : Owner
        Who hears from them.
    late : callable
        Called with a slot and the seconds that its init may have taken, when they are over.
    """

    def __init__(
        self,
        function: Function,
        *,
        version: int,
        home: Home,
        nursery: Nursery,
        owner: Owner,
        late: Callable[[Slot, float], None],
    ) -> None:
        self._function, self._version, self._home = function, version, home
        self._nursery, self._owner, self._late = nursery, owner, late
        self._chores = Chores()

    def slot(self, name: str, row: int, kind: Kind) -> Slot:
        """Make a living instance: one that waits, if there is one, or one that begins its init now."""
        if parked := self._nursery.take_parked(name, row, self._owner):
            return Slot(name, parked, Log(self._nursery.log_path(parked)))
        log_path = self._home.new_log(self._function.name, self._version)
        slot = Slot(name, self._nursery.instance(name, row, self._owner), Log(log_path))
        slot.provisioned = kind is Kind.PROVISIONED
        self._launch(slot, INIT_TIMEOUT_S)
        return slot

    def try_again(self, slot: Slot) -> None:
        """Repeat a failed init in a new process, within the time of a request, as AWS Lambda does."""
        status = slot.doom[0] if slot.doom else Status.ERROR
        slot.log.write(f"INIT_REPORT Phase: init Status: {status.name.lower()}")
        failed = slot.instance
        self._chores.begin(self._nursery.stop(failed, 0))
        slot.tries += 1
        slot.doom = None
        slot.instance = self._nursery.instance(slot.name, failed.row, self._owner)
        self._launch(slot, min(self._function.timeout_s, INIT_TIMEOUT_S))

    def put_away(self, slot: Slot, grace_s: float, *, busy: bool = False) -> None:
        """End an instance, within the grace if it does so by itself; one that is busy is told by a signal."""
        if slot.frozen:
            slot.instance.thaw()  # to end by itself it must be able to run

        async def work() -> None:
            await self._nursery.stop(slot.instance, grace_s, terminate=busy)
            slot.log.close()

        self._chores.begin(work())

    async def done(self) -> None:
        """Wait until what was begun has ended."""
        await self._chores.done()

    def _launch(self, slot: Slot, timeout_s: float) -> None:
        slot.expect(timeout_s, lambda: self._late(slot, timeout_s))
        self._chores.begin(self._start(slot, slot.instance))

    async def _start(self, slot: Slot, instance: AnyInstance) -> None:
        try:
            await self._nursery.start(instance, log_path=slot.log.path, provisioned=slot.provisioned)
        except OSError as error:  # no process, no memory, too many open files
            sentence = f"an instance could not be started: {error}."
            slot.doom = (Status.ERROR, error_json("InstanceCrashed", sentence))
            self._owner.on_gone(instance)
        except FnlabError as error:  # there is nothing to fork
            slot.doom = (Status.ERROR, error_json(type(error).__name__, str(error)))
            if isinstance(error, CannotFork):
                slot.tries = INIT_TRIES  # it would be no other the next time
            self._owner.on_gone(instance)
