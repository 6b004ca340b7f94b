"""Where instances come from: new interpreters, forks, or forks made ahead and waiting."""

import asyncio
import shutil
from collections import deque
from pathlib import Path

from fnlab.emulator.beside import Chores, beside
from fnlab.emulator.home import Home
from fnlab.emulator.instance import wire
from fnlab.emulator.processes.body import settings_of, spawner
from fnlab.emulator.processes.forkserver import ForkServer
from fnlab.emulator.processes.kinds import AnyInstance, Owner
from fnlab.emulator.processes.process import Instance
from fnlab.emulator.runtimes import BaseInstance, ProgramStarter, runtime_of
from fnlab.errors import FnlabError
from fnlab.functions import Function
from fnlab.trace import Phase

#: How many instances wait, for a function that starts parked ones.
PARKED = 2

#: Pause before one that was taken is replaced: making the next must not slow down the request that took it.
REFILL_AFTER_S = 0.02


class Nursery:
    """Starts the instances of one version of a function, the way the function says, and puts their things away.

    Parameters
    ----------
    function, version : Function, int
        What they run.
    home : Home
        Where its files, log and temporary folders are.
    """

    def __init__(self, function: Function, *, version: int, home: Home) -> None:
        self._function, self._version, self._home = function, version, home
        self._package_dir = home.unpack(function.package)
        self._layer_dirs = [home.unpack(layer) for layer in function.layers]
        self._folders: dict[AnyInstance, Path] = {}
        self._log_paths: dict[AnyInstance, Path] = {}  # of parked ones
        self._chores = Chores()
        self._closed = False
        self._forks = self._fork_server() if function.start != "fresh" else None
        self._parked: deque[Instance] = deque()
        self._parking: set[Instance] = set()
        self._refill()

    @property
    def warm_up(self) -> tuple[Phase, ...]:
        """Parts of the fork server's own start; empty without one or before it is warm."""
        return self._forks.phases if self._forks else ()

    async def warm(self) -> None:
        """Wait until instances can be started in the way that the function asks for."""
        if self._forks is not None:
            await self._forks.warm()
        while self._parking and not self._closed:
            await asyncio.sleep(0.001)

    def take_parked(self, name: str, row: int, owner: Owner) -> Instance | None:
        """Hand over a waiting instance; its `on_ready` follows at once."""
        if not self._parked:
            return None
        instance = self._parked.popleft()
        instance.adopt(name, row, owner)
        asyncio.get_running_loop().call_later(REFILL_AFTER_S, self._refill)
        return instance

    def instance(self, name: str, row: int, owner: Owner) -> AnyInstance:
        """Make an instance of the kind that the function's runtime needs; nothing runs yet."""
        kind = Instance if self._function.runtime == "python" else runtime_of(self._function)
        return kind(name, row, owner)

    def log_path(self, parked: Instance) -> Path:
        """Say where an instance that was taken from the parked ones writes its log."""
        return self._log_paths.pop(parked)

    async def start(
        self, instance: AnyInstance, *, log_path: Path, provisioned: bool = False, rehearse: bool = False
    ) -> None:
        """Start an instance's process, with this file for its log.

        Raises
        ------
        OSError
            If the operating system refuses.
        FnlabError
            If the fork server cannot fork: the handler does not load, or what it loaded must not be forked.
        """
        if self._forks is not None and self._forks.gone:  # killed, or the handler did not load: another try
            self._chores.begin(self._end(self._forks, self._forks_folder))
            self._forks = self._fork_server()
        folder = self._folders[instance] = self._home.temporary_dir()
        if self._forks is not None and isinstance(instance, Instance):
            starter = self._forks.starter(folder, log_path=log_path, rehearse=rehearse)
            await instance.start(starter, direct=True)
            return
        settings = settings_of(
            self._function,
            version=self._version,
            package_dir=self._package_dir,
            layer_dirs=self._layer_dirs,
            temporary_dir=folder,
        )
        settings |= {"provisioned": provisioned, "log_stream": log_path.stem}
        if isinstance(instance, Instance):
            await instance.start(spawner(self._function, settings, log_path=log_path), direct=True)
        elif isinstance(instance, BaseInstance):
            program = ProgramStarter(
                function=self._function, version=self._version, settings=settings, log_path=log_path
            )
            await instance.start(program)

    def folder(self, instance: AnyInstance) -> Path | None:
        """Say where an instance keeps its temporary files."""
        return self._folders.get(instance)

    async def stop(self, instance: AnyInstance, grace_s: float, *, terminate: bool = False) -> None:
        """Stop an instance and remove its temporary folder; one that is busy needs to be told by a signal."""
        await instance.stop(grace_s, terminate=terminate)
        if folder := self._folders.pop(instance, None):
            await _remove(folder)

    def give_up(self, error: FnlabError) -> None:
        """Start nothing any more; whoever waits for a start hears why."""
        self._closed = True
        if self._forks is not None:
            self._forks.give_up(error)

    async def close(self) -> None:
        """Stop what waits, then the fork server. Whoever took an instance stops it first."""
        for instance in (*self._parked, *self._parking):
            self._chores.begin(self.stop(instance, 0))
        self._parked.clear()
        await self._chores.done()
        if self._forks is not None:
            await self._end(self._forks, self._forks_folder)

    async def _end(self, forks: ForkServer, folder: Path) -> None:
        await forks.stop()
        await _remove(folder)

    def _fork_server(self) -> ForkServer:
        self._forks_folder = self._home.temporary_dir()
        return ForkServer(
            self._function,
            version=self._version,
            package_dir=self._package_dir,
            layer_dirs=self._layer_dirs,
            log_path=self._new_log(),
            temporary_dir=self._forks_folder,
        )

    def _new_log(self) -> Path:
        return self._home.new_log(self._function.name, self._version)

    # The waiting ones, of which this room is the owner until they are taken.

    def _refill(self) -> None:
        if self._function.start != "parked" or self._closed:
            return
        for _ in range(PARKED - len(self._parked) - len(self._parking)):
            instance = Instance("parked", -1, self)
            self._parking.add(instance)
            self._chores.begin(self._park(instance))

    async def _park(self, instance: Instance) -> None:
        log_path = self._log_paths[instance] = self._new_log()
        try:
            await self.start(instance, log_path=log_path, rehearse=True)
        except (OSError, FnlabError):
            # Requests will start, and fail, by themselves, and their callers hear why.
            self._parking.discard(instance)
            self._log_paths.pop(instance, None)

    def on_ready(self, instance: AnyInstance) -> None:
        """It waits now."""
        if isinstance(instance, Instance):
            self._parking.discard(instance)
            self._parked.append(instance)

    def on_failed(self, instance: AnyInstance, error: bytes) -> None:
        """A child loads nothing, so it has nothing to fail at; if it does, it goes."""
        instance.kill()

    def on_chunk(self, instance: AnyInstance, request_id: str, piece: bytes) -> None:
        """Hand on nothing: nobody has asked a waiting instance anything."""

    def on_result(self, instance: AnyInstance, result: wire.Result) -> None:
        """Answer no request: nobody has asked a waiting instance anything."""

    def on_gone(self, instance: AnyInstance) -> None:
        """Replace one that died while it waited; one that died before is not worth another."""
        self._log_paths.pop(instance, None)
        if not isinstance(instance, Instance):
            return
        self._parking.discard(instance)
        if instance in self._parked:
            self._parked.remove(instance)
            self._refill()
        if not self._closed:
            self._chores.begin(self.stop(instance, 0))


async def _remove(folder: Path) -> None:
    """Remove a temporary folder, however much is in it, while the loop serves others."""
    await beside(shutil.rmtree, folder, True)
