"""What was acknowledged outlives a process that is killed at any moment."""

import asyncio
import random
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from fnlab.emulator.home import Home
from fnlab.emulator.queue.delivery import Delivery
from fnlab.emulator.state.store import Store
from fnlab.functions import AsyncPolicy
from fnlab.functions.quota import Backoff
from fnlab.trace import Status

#: Accepts events as fast as it can, from several senders, and tells each id as soon as it has been acknowledged. Every
#: event is tried meanwhile, and one in ten of the attempts never ends.
_CHILD = """
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_durability import delivery_on
from fnlab.emulator.home import Home
from fnlab.emulator.state.store import Store

async def sender(delivery, name):
    for n in range(1_000_000):
        payload = f"{{name}} {{n}}"
        id = await delivery.accept("digits", "$LATEST", payload.encode())
        os.write(1, f"{{id}} {{payload}}\\n".encode())

async def main():
    home = Home(Path({home!r}))
    store = Store(home.path / "store.db")
    count = iter(range(10**9))
    async def invoke(function, qualifier, payload, *, request_id, meta):
        await asyncio.sleep(3600 if next(count) % 10 == 0 else 0)
        os.write(1, f"{{request_id}} done\\n".encode())
    delivery = delivery_on(store, invoke)
    delivery.resume()
    await asyncio.gather(*(sender(delivery, name) for name in "abc"))

asyncio.run(main())
"""


@dataclass(frozen=True)
class Answer:
    """What a report says of an attempt."""

    status: Status = Status.OK
    version: int = 1
    body: bytes = b"null"


def delivery_on(store, invoke):
    """Make a queue whose functions do what `invoke` does, and succeed."""

    async def succeed(function, qualifier, payload, *, request_id, meta):
        await invoke(function, qualifier, payload, request_id=request_id, meta=meta)
        return Answer()

    return Delivery(
        store,
        invoke=succeed,
        cancel=lambda request_id: None,
        policy_of=lambda function, qualifier: AsyncPolicy(on_success="done"),
        backoff_of=lambda function: Backoff(1, 2, 300),
        target_of=lambda target: None,
        arn_of=lambda function, qualifier: function,
        in_flight=lambda function: 500,
        kept_events=10**6,
    )


def _killed_after(home, *, acknowledged, then_s):
    """Let a process accept events, kill it a moment after so many are acknowledged; give its lines, by first word."""
    program = _CHILD.format(tests=str(Path(__file__).parent), home=str(home))
    told = {}, set()
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as child:
        lines = [child.stdout.readline() for _ in range(acknowledged)]
        threading.Timer(then_s, child.kill).start()  # meanwhile it goes on and must not wait for a reader
        lines += child.stdout.read().splitlines()
    for line in lines:
        id, _, rest = line.decode().strip().partition(" ")
        if rest == "done":
            told[1].add(id)
        else:
            told[0][id] = rest.encode()
    return told


async def _drained(store):
    """Deliver everything that is left; give each delivery's id and payload."""
    delivered = []

    async def invoke(function, qualifier, payload, *, request_id, meta):
        delivered.append((request_id, payload))

    delivery = delivery_on(store, invoke)
    delivery.resume()
    while store.execute("SELECT count(*) FROM events WHERE ended_s IS NULL").fetchone() != (0,):
        await asyncio.sleep(0.01)
    await delivery.close()
    return delivered


@pytest.mark.parametrize("seed", range(5))
def test_every_acknowledged_event_outlives_a_kill(tmp_path, seed):
    """SIGKILL at a random moment, twice on the same home: each acknowledged event is in the store or was delivered
    there, the next start delivers the rest as they were sent, and the record of each end is there once.
    """
    rng = random.Random(seed)
    acknowledged, done = {}, set()
    for _ in range(2):
        more, ended = _killed_after(tmp_path, acknowledged=rng.randrange(1, 2000), then_s=rng.random() / 10)
        assert more
        acknowledged |= more
        done |= ended
    home = Home(tmp_path)  # the lock went with the process
    store = Store(home.path / "store.db")
    kept = dict(store.execute("SELECT id, state FROM events").fetchall())
    assert set(acknowledged) - set(kept) == set()
    delivered = asyncio.run(_drained(store))
    for id, payload in delivered:
        assert payload == acknowledged.get(id, payload)
    assert set(acknowledged) <= done | {id for id, _ in delivered}
    assert {id for id, state in kept.items() if state != "Succeeded"} == {id for id, _ in delivered}
    assert Counter(state for (state,) in store.execute("SELECT state FROM events")) == {"Succeeded": len(kept)}
    assert Counter(id for (id,) in store.execute("SELECT id FROM mail")) == dict.fromkeys(kept, 1)
    assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()
    home.close()


def test_records_and_transactions_outlive_a_kill(tmp_path):
    """After SIGKILL a record that was put is there, and of a transaction that was not committed there is nothing."""
    program = f"""
import os, signal
from pathlib import Path
from fnlab.emulator.state.store import Store
store = Store(Path({str(tmp_path / "store.db")!r}))
store.put("alias", "digits", "live", {{"version": 2}})
with store.transaction():
    store.put("alias", "digits", "half", {{}})
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    store = Store(tmp_path / "store.db")
    assert [(record.key, record.body) for record in store.all("alias")] == [("live", {"version": 2})]
    store.close()
