"""Looks at what working instances use, memory, disk and time, and ends those that use too much."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fnlab.emulator.beside import beside
from fnlab.emulator.clock import Clock
from fnlab.emulator.processes.kinds import AnyInstance
from fnlab.emulator.processes.sandbox import used_mib
from fnlab.emulator.supervision.slots import Request, Slot
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
    clock : Clock
        Platform time, in which requests have begun.
    excess : callable
        Called for an instance that uses too much.
    late : callable
        Called for a request that its instance has had for longer than the timeout.
    """

    def __init__(
        self,
        function: Function,
        *,
        slots: Mapping[str, Slot],
        clock: Clock,
        folder_of: Callable[[AnyInstance], Path | None],
        excess: Excess,
        late: Callable[[Request, Slot], None],
    ) -> None:
        self._function, self._slots, self._clock = function, slots, clock
        self._folder_of, self._excess, self._late = folder_of, excess, late
        self._loop = asyncio.get_running_loop()
        self._looks = 0
        self._measuring: set[asyncio.Task[None]] = set()
        self._next: asyncio.TimerHandle | None = None

    @property
    def looking(self) -> bool:
        """Whether it looks already."""
        return self._next is not None

    def start(self) -> None:
        """Look from now on, for as long as anybody works."""
        if self._next is None:
            self._next = self._loop.call_later(min(WATCH_S, self._function.timeout_s), self._look)

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
            self._next = self._loop.call_later(self._next_in_s(working), self._look)

    def _next_in_s(self, working: Sequence[Slot]) -> float:
        """Have late requests answered for; say how long to wait, which is no longer than until the next deadline.

        So one timer does for all requests, and yet none is late: a timer for each would cost more than its scheduling.
        """
        now_s, timeout_s, wait_s = self._clock.now_s(), self._function.timeout_s, WATCH_S
        for slot in working:
            for request in [request for request in list(slot.requests.values()) if request.begun]:
                left_s = request.start_s + timeout_s - now_s
                if left_s > 0:
                    wait_s = min(wait_s, left_s)
                elif slot.doom is None:
                    self._late(request, slot)
        return wait_s

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
