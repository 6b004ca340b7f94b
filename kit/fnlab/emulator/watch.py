"""Looks at what working instances use, and ends those that use too much."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fnlab.emulator.beside import beside
from fnlab.emulator.kinds import AnyInstance
from fnlab.emulator.sandbox import used_mib
from fnlab.emulator.slots import Slot
from fnlab.functions import Function
from fnlab.trace import Status

#: How often the memory of working instances is looked at.
WATCH_S = 0.05

#: Every so many looks the disk is looked at, too; that takes longer.
DISK_EVERY = 20

#: Ends an instance: the slot, the status of its requests, the type of their error and its sentence.
Excess = Callable[[Slot, Status, str, str], None]


class Watch:
    """The watch over the instances of one version of a function.

    What grows and shrinks between two looks is found afterwards, by the peak that an instance reports.

    Parameters
    ----------
    function : Function
        Whose limits hold.
    slots : Mapping
        The living instances, as the supervisor holds them.
    folder_of : callable
        Where an instance keeps its temporary files.
    excess : callable
        Called for an instance that uses too much.
    """

    def __init__(
        self,
        function: Function,
        *,
        slots: Mapping[str, Slot],
        folder_of: Callable[[AnyInstance], Path | None],
        excess: Excess,
    ) -> None:
        self._function, self._slots = function, slots
        self._folder_of, self._excess = folder_of, excess
        self._looks = 0
        self._measuring: set[asyncio.Task[None]] = set()
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look from now on, for as long as anybody works."""
        if self._next is None:
            self._next = asyncio.get_running_loop().call_later(WATCH_S, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def too_large(self, slot: Slot, memory_mib: float) -> bool:
        """End an instance that uses more memory than it has; tell whether it did."""
        most_mib = self._function.memory_mib
        if memory_mib <= most_mib:
            return False
        sentence = f"an instance must fit into {most_mib} MiB; it used {memory_mib:.0f} MiB and was killed."
        self._excess(slot, Status.OUT_OF_MEMORY, "OutOfMemory", sentence)
        return True

    def _look(self) -> None:
        self._next = None
        working = [slot for slot in self._slots.values() if slot.requests or not slot.ready]
        for slot in working:
            if slot.doom is None:
                self.too_large(slot, slot.instance.resident_mib())
        self._looks += 1
        if self._looks % DISK_EVERY == 0:
            self._look_at_disks(working)
        if working:
            self.start()

    def _look_at_disks(self, working: Sequence[Slot]) -> None:
        if self._measuring:
            return  # a folder with very many files is still being counted
        task = asyncio.get_running_loop().create_task(self._measure_disks(working))
        self._measuring.add(task)
        task.add_done_callback(self._measuring.discard)

    async def _measure_disks(self, working: Sequence[Slot]) -> None:
        most_mib = self._function.disk_mib
        for slot in working:
            folder = self._folder_of(slot.instance)
            used = await beside(used_mib, folder) if folder is not None else 0.0
            if used > most_mib and slot.doom is None and self._slots.get(slot.name) is slot:
                sentence = f"an instance's temporary files must fit into {most_mib} MiB; they took {used:.0f} MiB."
                self._excess(slot, Status.ERROR, "DiskFull", sentence)
