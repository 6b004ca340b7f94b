"""Runs an instance of a foreign program without a supervisor, and writes down what it says."""

import asyncio
import json
import uuid
from pathlib import Path

import pytest

from fnlab.emulator.processes.body import settings_of
from fnlab.emulator.runtimes import runtime_of
from fnlab.emulator.runtimes.starting import ProgramStarter
from fnlab.functions import Function, Package

FUNCTIONS = Path(__file__).parents[2] / "functions"


class Listener:
    """The owner of one instance."""

    def __init__(self):
        self.ready = asyncio.Event()
        self.gone = asyncio.Event()
        self.failures = []
        self.pieces = []
        self.results = {}
        self.answered = {}

    def on_ready(self, instance):
        self.ready.set()

    def on_failed(self, instance, error):
        self.failures.append(error)
        self.ready.set()

    def on_chunk(self, instance, request_id, piece):
        self.pieces.append(piece)

    def on_result(self, instance, result):
        self.results[result.request_id] = result
        self.answered[result.request_id].set()

    def on_gone(self, instance):
        self.gone.set()
        self.ready.set()
        for event in self.answered.values():
            event.set()


class Running:
    """One instance, its owner, and its log."""

    def __init__(self, instance, owner, log_path):
        self.instance, self.owner, self.log_path = instance, owner, log_path

    def begin(self, event=b"null", *, left_s=10.0, meta=b""):
        request_id = str(uuid.uuid4())
        self.owner.answered[request_id] = asyncio.Event()
        assert not self.instance.gone, self.log_path.read_text()
        self.instance.invoke(request_id, left_s, event, meta)
        return request_id

    async def wait(self, request_id):
        """Give the result, or None when the program ended first."""
        await self.owner.answered[request_id].wait()
        return self.owner.results.get(request_id)

    async def ask(self, event=b"null", *, left_s=10.0, meta=b""):
        return await self.wait(self.begin(event, left_s=left_s, meta=meta))

    @property
    def error(self):
        return json.loads(self.owner.failures[0])


class Programs:
    """Starts instances and stops them all at the end."""

    def __init__(self, folder):
        self._folder = folder
        self._running = []

    async def start(self, command, *, package=None, runtime="lambda-api", ready=True, temporary=None, **function):
        made = Function(
            name="f",
            handler="main:handler",
            package=Package({}),
            runtime=runtime,
            command=tuple(command),
            **{"timeout_s": 10, **function},
        )
        owner = Listener()
        instance = runtime_of(made)("i1", 0, owner)
        package_dir = FUNCTIONS / package if package else self._folder
        room = temporary or self._folder
        room.mkdir(exist_ok=True)
        settings = settings_of(made, version=1, package_dir=package_dir, temporary_dir=room)
        running = Running(instance, owner, self._folder / "log")
        starter = ProgramStarter(function=made, version=1, settings=settings, log_path=running.log_path)
        self._running.append(instance)
        await instance.start(starter)
        if ready:
            await owner.ready.wait()
        return running

    async def close(self):
        for instance in self._running:
            await instance.stop(0)


@pytest.fixture
def run(tmp_path):
    """Run a scenario, given the means to start programs, on a loop of its own; give what it gives."""

    async def whole(scenario):
        programs = Programs(tmp_path)
        try:
            return await scenario(programs)
        finally:
            await programs.close()

    return lambda scenario: asyncio.run(whole(scenario))
