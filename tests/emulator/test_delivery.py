"""The asynchronous queue: retries, back-off, ages, destinations, dead letters and stops, on a clock of its own."""

import asyncio
import json
import random
import selectors
import time
from collections import Counter
from dataclasses import dataclass

import pytest

from fnlab.emulator.queue.delivery import Delivery
from fnlab.emulator.queue.events import Event, Events, State
from fnlab.emulator.state.store import Store
from fnlab.errors import AlreadyExists, EmulatorClosed, EventNotFound, FunctionNotFound, PlatformError
from fnlab.functions import AsyncPolicy
from fnlab.functions.quota import Backoff
from fnlab.trace import Status

EPOCH_S = 1_800_000_000.0
AWS_BACKOFF = Backoff(first_s=1, factor=2, longest_s=300)

#: What may follow what.
FOLLOWING = {
    "Enqueued": {"Running", "Stopped", "Expired", "Invalid", "Failed"},
    "Running": {"Enqueued", "Retrying", "Succeeded", "Failed", "Expired", "Stopping", "Invalid"},
    "Retrying": {"Running", "Stopped", "Expired", "Invalid", "Failed"},
    "Stopping": {"Stopped", "Succeeded"},
}


class VirtualLoop(asyncio.SelectorEventLoop):
    """Waits for nothing: when there is nothing to do, its time moves on to the next timer."""

    def __init__(self):
        super().__init__(selectors.SelectSelector())
        self.at_s = 0.0
        self._look, self._selector.select = self._selector.select, self._skip

    def time(self):
        """Read the loop's own time."""
        return self.at_s

    def _skip(self, timeout=None):
        assert timeout is not None, "the test waits for something that never comes"
        self.at_s += max(0.0, timeout)
        return self._look(0)

    def now_s(self):
        """Read the time of day."""
        return EPOCH_S + self.at_s


@dataclass(frozen=True)
class Answer:
    """What a report says of an attempt."""

    status: Status
    body: bytes = b"null"
    version: int = 3


OK = Answer(Status.OK, b'{"label": 7}')
BAD = Answer(
    Status.ERROR, b'{"errorType": "ValueError", "errorMessage": "seven is not a digit", "stackTrace": []}', version=0
)
BUSY = Answer(Status.THROTTLED, b'{"errorType": "Throttled", "errorMessage": "all busy", "stackTrace": []}')


class Bench:
    """A queue whose functions answer as told, and a note of every attempt."""

    def __init__(self, answer, *, policy=None, policies=None, in_flight=10, store=None, **more):
        self.loop = VirtualLoop()
        self.answer, self.policy, self.in_flight = answer, policy or AsyncPolicy(), in_flight
        self.policies = policies or {}
        self.attempts, self.cancelled, self.problems = [], [], []
        self.loop.set_exception_handler(lambda _, problem: self.problems.append(problem))
        self.store = store or Store(None)
        self.functions, self.busiest, self._busy = {"digits", "other"}, Counter(), Counter()
        self.delivery = Delivery(
            self.store,
            invoke=self._invoke,
            cancel=self.cancelled.append,
            policy_of=self._policy_of,
            backoff_of=lambda function: AWS_BACKOFF,
            target_of=lambda target: (target, "$LATEST") if target in self.functions else None,
            arn_of=lambda function, qualifier: f"arn:aws:lambda:local:000000000000:function:{function}:{qualifier}",
            in_flight=lambda function: self.in_flight,
            clock=self.loop.now_s,
            **more,
        )

    async def _invoke(self, function, qualifier, payload, *, request_id, meta):
        self.attempts.append((self.loop.at_s, function, qualifier, payload, request_id, dict(meta)))
        self._busy[function] += 1
        self.busiest[function] = max(self.busiest[function], self._busy[function])
        try:
            given = self.answer(len(self.attempts))
            given = await given if asyncio.iscoroutine(given) else given
        finally:
            self._busy[function] -= 1
        if isinstance(given, BaseException):
            raise given
        return given

    def _policy_of(self, function, qualifier):
        if function not in self.functions:
            raise FunctionNotFound(f"gone: {function!r}.")
        return self.policies.get(function, self.policy)

    def run(self, work):
        """Run a coroutine on the loop."""
        return self.loop.run_until_complete(work)

    def send(self, payload=b'{"x": 1}', function="digits", **more):
        """Have an event accepted."""
        return self.run(self.delivery.accept(function, "live", payload, **more))

    def resume(self):
        """Take up what was left."""
        self.loop.call_soon(self.delivery.resume)

    def pass_s(self, seconds):
        """Let time pass."""
        self.run(asyncio.sleep(seconds))

    def times(self):
        """When attempts were made, in whole seconds."""
        return [round(at_s) for at_s, *_ in self.attempts]

    def close(self):
        """Close everything."""
        self.run(self.delivery.close())
        self.loop.close()


@pytest.fixture
def bench():
    """Make benches that are closed after the test."""
    made = []

    def make(answer, **more):
        made.append(Bench(answer if callable(answer) else lambda _: answer, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_an_event_is_delivered_as_it_came(bench):
    """The function gets the payload, under the id that the sender was told, and the payload is dropped afterwards."""
    b = bench(OK)
    id = b.send(b"\x00not json", meta={"invoked_by": "boto3"})
    b.pass_s(1)
    assert b.attempts == [(0, "digits", "live", b"\x00not json", id, {"invoked_by": "boto3"})]
    task = b.delivery.task(id)
    assert (task.state, task.attempts, task.payload, task.body, task.version) == ("Succeeded", 1, b"", OK.body, 3)
    assert (task.accepted_s, task.started_s, task.ended_s) == (EPOCH_S, EPOCH_S, EPOCH_S)


def test_a_failing_function_is_tried_after_one_minute_and_two_more(bench):
    """AWS's default: three attempts, then the end; in between the task is retrying and says what went wrong."""
    b = bench(BAD)
    id = b.send()
    b.pass_s(30)
    task = b.delivery.task(id)
    assert (task.state, task.error, task.due_s) == ("Retrying", "seven is not a digit", EPOCH_S + 60)
    b.pass_s(1000)
    assert b.times() == [0, 60, 180]
    assert b.delivery.task(id).state is State.FAILED


def test_a_throttled_event_backs_off_and_loses_no_attempt(bench):
    """The waits double, the attempts do not count, and a later failure has all of its retries."""
    b = bench(lambda nth: BUSY if nth <= 4 else BAD)
    id = b.send()
    b.pass_s(5)
    task = b.delivery.task(id)
    assert (task.state, task.attempts, task.throttles, task.status) == ("Enqueued", 0, 3, Status.THROTTLED)
    b.pass_s(1000)
    assert b.times() == [0, 1, 3, 7, 15, 75, 195]
    assert (b.delivery.task(id).state, b.delivery.task(id).attempts) == ("Failed", 3)


def test_a_throttle_between_failures_keeps_what_the_function_said(bench):
    """Back-off begins anew, and the record holds the function's own last answer."""
    answers = {1: BUSY, 2: BUSY, 3: BAD, 4: BUSY, 5: BUSY}
    b = bench(lambda nth: answers.get(nth, BAD), policy=AsyncPolicy(max_age_s=70, on_failure="records"))
    id = b.send()
    b.pass_s(1000)
    assert b.times() == [0, 1, 3, 63, 64, 66]
    task = b.delivery.task(id)
    assert (task.state, task.attempts, task.error) == ("Expired", 2, "seven is not a digit")
    (mail,) = b.delivery.mailbox.take("records")
    record = json.loads(mail.body)
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["responsePayload"]["errorMessage"] == "seven is not a digit"


def test_an_event_that_is_throttled_for_ever_expires(bench):
    """Its record has no response, for the function never ran; its dead letter says why."""
    b = bench(BUSY, policy=AsyncPolicy(max_age_s=60, on_failure="records", dead_letters="letters"))
    id = b.send()
    b.pass_s(1000)
    assert b.times() == [0, 1, 3, 7, 15, 31]
    assert b.delivery.task(id).state is State.EXPIRED
    record = json.loads(b.delivery.mailbox.take("records")[0].body)
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert not {"responseContext", "responsePayload"} & set(record)
    (letter,) = b.delivery.mailbox.take("letters")
    assert letter.attributes == {"RequestID": id, "ErrorCode": "429", "ErrorMessage": "all busy"}


def test_an_event_that_waited_too_long_for_room_is_not_tried(bench):
    """Its age is looked at before an attempt, too."""
    slow = bench(lambda _: asyncio.sleep(100, OK), policy=AsyncPolicy(max_age_s=60), in_flight=1)
    first, second = slow.send(), slow.send()
    slow.pass_s(1000)
    assert [slow.delivery.task(id).state for id in (first, second)] == ["Succeeded", "Expired"]
    assert slow.times() == [0]


def test_zero_reserved_concurrency_gives_up_at_once(bench):
    """No attempt, no response in the record, and the event in the dead letters; also of many events."""
    b = bench(OK, in_flight=0, policy=AsyncPolicy(on_failure="records", dead_letters="letters"))
    ids = [b.send(b'"hello"') for _ in range(250)]
    b.pass_s(1)
    assert b.attempts == []
    assert {b.delivery.task(id).state for id in ids} == {State.FAILED}
    record = json.loads(b.delivery.mailbox.mail("records")[0].body)
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in record
    assert [letter.id for letter in b.delivery.mailbox.take("letters")] == ids


def test_the_record_of_a_failure_is_as_recorded_from_aws(bench):
    """Names, nesting and values, after the default retries."""
    b = bench(BAD, policy=AsyncPolicy(on_failure="arn:aws:sqs:local:0:failures", dead_letters="letters"))
    id = b.send(b'{"x": 1}')
    b.pass_s(180.25)
    (mail,) = b.delivery.mailbox.take("arn:aws:sqs:local:0:failures")
    assert (mail.id, mail.at_s, mail.attributes) == (id, EPOCH_S + 180, {})
    assert json.loads(mail.body) == {
        "version": "1.0",
        "timestamp": "2027-01-15T08:03:00.000Z",
        "requestContext": {
            "requestId": id,
            "functionArn": "arn:aws:lambda:local:000000000000:function:digits:live",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"x": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": json.loads(BAD.body),
    }
    (letter,) = b.delivery.mailbox.take("letters")
    assert letter.body == b'{"x": 1}'
    assert letter.attributes == {"RequestID": id, "ErrorCode": "200", "ErrorMessage": "seven is not a digit"}
    assert b.delivery.mailbox.take("letters") == []


def test_the_record_of_a_success_goes_to_its_own_destination(bench):
    """The condition is Success, there is no function error, and nobody hears of a failure."""
    b = bench(OK, policy=AsyncPolicy(on_success="done", on_failure="failed", dead_letters="failed"))
    b.send(b"\xff\xfe")
    b.pass_s(1)
    record = json.loads(b.delivery.mailbox.take("done")[0].body)
    assert record["requestContext"]["condition"] == "Success"
    assert record["requestPayload"] == "//4="  # base64: these bytes are no text
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "3"}
    assert record["responsePayload"] == {"label": 7}
    assert b.delivery.mailbox.take("failed") == []


def test_a_destination_that_is_a_function_gets_an_event(bench):
    """The record arrives as any other event, says whose it is, and is retried like one."""
    b = bench(lambda nth: BAD if nth == 2 else OK, policies={"digits": AsyncPolicy(on_success="other")})
    id = b.send()
    b.pass_s(1000)
    assert b.times() == [0, 0, 60]
    _, function, qualifier, payload, request_id, meta = b.attempts[1]
    assert (function, qualifier, meta) == ("other", "$LATEST", {"invoked_by": id, "chain": 1})
    assert json.loads(payload)["requestContext"]["requestId"] == id
    assert (b.delivery.task(request_id).state, b.delivery.task(request_id).attempts) == ("Succeeded", 2)


def test_functions_that_are_each_others_destinations_come_to_an_end(bench):
    """After 16 destinations in a row the record goes to the mailbox."""
    b = bench(OK, policies={"digits": AsyncPolicy(on_success="other"), "other": AsyncPolicy(on_success="digits")})
    b.send()
    b.pass_s(1)
    assert len(b.attempts) == 1 + 16
    assert len(b.delivery.mailbox.take("other")) == 1
    assert not b.problems


@pytest.mark.parametrize("depth", [*range(900, 1100, 10), 100_000])
def test_values_of_any_depth_come_to_an_end(bench, depth):
    """Nested so deep that JSON's reader or writer gives up, they are in the record as text."""
    deep = b"[" * depth + b"]" * depth
    b = bench(Answer(Status.ERROR, deep), policy=AsyncPolicy(max_retries=0, on_failure="records"))
    id = b.send(deep)
    b.pass_s(1)
    assert b.delivery.task(id).state is State.FAILED
    (mail,) = b.delivery.mailbox.take("records")
    assert deep in mail.body
    assert not b.problems


def test_what_cannot_be_written_is_refused_and_nothing_else(bench):
    """Meta that is no JSON is its own sender's trouble; the queue goes on."""
    b = bench(OK)
    with pytest.raises(TypeError, match=r"not JSON serializable"):
        b.send(meta={"when": object()})
    deep = {}
    for _ in range(10_000):
        deep = {"": deep}
    with pytest.raises(RecursionError):
        b.send(meta=deep)
    id = b.send()
    b.pass_s(1)
    assert [task.id for task in b.delivery.tasks("digits")] == [id]


def test_halves_of_characters_come_to_an_end(bench):
    """In an error message they are replaced; in an id they are refused, and events that come with it are not."""
    body = rb'{"errorType": "E", "errorMessage": "\ud800!", "stackTrace": []}'
    b = bench(Answer(Status.ERROR, body), policy=AsyncPolicy(max_retries=0, dead_letters="letters"))
    accept = b.delivery.accept

    async def both():
        return await asyncio.gather(
            accept("digits", "live", b"", task_id="\ud800"), accept("digits", "live", b""), return_exceptions=True
        )

    refused, id = b.run(both())
    assert isinstance(refused, ValueError)
    b.pass_s(1)
    assert (b.delivery.task(id).state, b.delivery.task(id).error) == ("Failed", "?!")
    assert b.delivery.mailbox.take("letters")[0].attributes["ErrorMessage"] == "\ud800!"
    assert not b.problems


def test_a_full_disk_is_told_to_the_sender(bench):
    """No event is acknowledged that could not be written; with space again all goes on."""
    store = Store(None)
    b = bench(OK, store=store)
    (pages,) = store.execute("PRAGMA page_count").fetchone()
    store.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(PlatformError, match=r"written down before it is accepted; that failed: .* full"):
        b.send(b"x" * 100_000)
    store.execute("PRAGMA max_page_count = 1000000")
    id = b.send(b"x" * 100_000)
    b.pass_s(1)
    assert [task.id for task in b.delivery.tasks("digits")] == [id]


def test_a_platform_that_cannot_say_the_rules_is_asked_again(bench):
    """The loop's handler hears of it, and the events wait."""
    b = bench(OK, policies={"digits": None})
    id = b.send()
    b.pass_s(1.5)
    assert b.delivery.task(id).state is State.ENQUEUED
    assert "events of 'digits' could not be begun and wait" in b.problems[0]["message"]
    b.policies.clear()
    b.pass_s(1)
    assert b.delivery.task(id).state is State.SUCCEEDED


def test_a_function_that_is_gone_makes_its_events_invalid(bench):
    """Before an attempt or during one: the end is final and says why."""
    b = bench(FunctionNotFound("no version 7."))
    during = b.send()
    b.pass_s(1)
    b.functions.clear()
    before = b.send()
    b.pass_s(1)
    assert [b.delivery.task(id).state for id in (during, before)] == ["Invalid", "Invalid"]
    assert [b.delivery.task(id).error for id in (during, before)] == ["no version 7.", "gone: 'digits'."]
    assert len(b.attempts) == 1


@pytest.mark.parametrize(("end", "state"), [(OK, "Succeeded"), (BAD, "Invalid")])
def test_a_function_that_goes_while_it_runs_ends_its_event(bench, end, state):
    """With what it said last, and without a further attempt."""
    b = bench(lambda _: asyncio.sleep(10, end))
    id = b.send()
    b.pass_s(1)
    b.functions.clear()
    b.pass_s(1000)
    assert (b.delivery.task(id).state, b.times()) == (state, [0])


def test_a_platform_that_is_closed_first_loses_nothing(bench):
    """The event waits, its attempt does not count, and nobody calls that a problem."""
    b = bench(EmulatorClosed("closed."))
    id = b.send()
    b.pass_s(0.5)
    assert (b.delivery.task(id).state, b.delivery.task(id).attempts) == ("Enqueued", 0)
    assert not b.problems


def test_trouble_of_the_platform_is_told_and_tried_again(bench):
    """An exception that is nobody's fault outside counts as no attempt; the loop's handler hears of it."""
    b = bench(lambda nth: RuntimeError("a bug") if nth < 3 else OK)
    id = b.send()
    b.pass_s(0.5)
    assert b.delivery.task(id).error == "RuntimeError: a bug"
    b.pass_s(10)
    assert b.times() == [0, 1, 3]
    assert (b.delivery.task(id).state, b.delivery.task(id).attempts) == ("Succeeded", 1)
    assert [str(problem["exception"]) for problem in b.problems] == ["a bug", "a bug"]


def test_a_waiting_event_is_stopped_at_once(bench):
    """It is not tried any more, nobody is told, and stopping it again changes nothing."""
    b = bench(BAD, policy=AsyncPolicy(on_failure="records"))
    id = b.send()
    b.pass_s(10)
    assert b.delivery.stop(id).state is State.STOPPED
    assert b.delivery.stop(id).state is State.STOPPED
    b.pass_s(1000)
    assert b.times() == [0]
    assert b.delivery.mailbox.mail("records") == []


@pytest.mark.parametrize(
    ("end", "state"),
    [(BAD, "Stopped"), (BUSY, "Stopped"), (OK, "Succeeded"), (asyncio.CancelledError(), "Stopped")],
)
def test_a_running_event_stops_when_its_request_is_cancelled(bench, end, state):
    """It is stopping until then; when it succeeds all the same, it has succeeded."""
    b = bench(lambda _: asyncio.sleep(10, end))
    id = b.send()
    b.pass_s(1)
    assert b.delivery.stop(id).state is State.STOPPING
    assert b.delivery.stop(id).state is State.STOPPING
    assert b.cancelled == [id]
    b.pass_s(1000)
    assert b.delivery.task(id).state == state
    assert b.times() == [0]


def test_a_request_cancelled_by_somebody_else_is_tried_again(bench):
    """The queue goes on, and the attempt does not count."""
    b = bench(lambda nth: asyncio.CancelledError() if nth == 1 else OK)
    id = b.send()
    b.pass_s(10)
    assert (b.delivery.task(id).state, b.delivery.task(id).attempts, b.times()) == ("Succeeded", 1, [0, 1])


def test_a_task_id_is_the_senders_own_and_new_to_its_function(bench):
    """It finds the task; a second one is refused by name, also among events that come at once."""
    b = bench(OK)
    id = b.send(task_id="import-7")
    assert b.delivery.named("digits", "import-7").id == id
    b.send(function="other", task_id="import-7")
    with pytest.raises(AlreadyExists, match=r"new to its function; 'digits' has a task 'import-7'"):
        b.send(task_id="import-7")

    async def at_once():
        accept = b.delivery.accept
        return await asyncio.gather(
            *(accept("digits", "live", b"", task_id=name) for name in ("a", "a", "b")), return_exceptions=True
        )

    first, second, third = b.run(at_once())
    assert isinstance(second, AlreadyExists)
    assert [b.delivery.named("digits", name).id for name in "ab"] == [first, third]


def test_an_unknown_event_is_not_found(bench):
    """By either name, a sentence says so."""
    b = bench(OK)
    with pytest.raises(EventNotFound, match=r"there is no request id 'x'"):
        b.delivery.task("x")
    with pytest.raises(EventNotFound, match=r"there is no task id 'x' in 'digits'"):
        b.delivery.named("digits", "x")
    with pytest.raises(EventNotFound):
        b.delivery.stop("x")


def test_tasks_are_listed_in_pages(bench):
    """In the order of acceptance, of one function, of one state if wanted."""
    b = bench(lambda nth: OK if nth % 2 else BAD)
    ids = [b.send() for _ in range(5)]
    b.send(function="other")
    b.pass_s(1)
    first = b.delivery.tasks("digits", limit=3)
    rest = b.delivery.tasks("digits", limit=3, after=first[-1].seq)
    assert [task.id for task in first + rest] == ids
    assert [task.id for task in b.delivery.tasks("digits", state=State.RETRYING)] == [ids[1], ids[3]]


def test_ended_events_are_forgotten_but_for_the_last_ones(bench):
    """So the file does not grow for ever. What waits is never forgotten, and what ended last not either, though it may
    have come first.
    """
    b = bench(lambda nth: BAD if nth == 1 else OK, kept_events=50, policy=AsyncPolicy(delays_s=(100,)))
    ids = [b.send() for _ in range(401)]
    b.pass_s(10)
    left = {task.id for task in b.delivery.tasks("digits", limit=1000)}
    assert ids[0] in left
    assert set(ids[-50:]) <= left
    assert len(left) <= 1 + 50 + 100
    b.pass_s(100)
    Events(b.store).forget("digits", keep=50)
    assert {task.id for task in b.delivery.tasks("digits", limit=1000)} == {ids[0], *ids[-49:]}


def test_one_function_does_not_hold_up_another(bench):
    """Each has its own room, never exceeded."""
    b = bench(lambda _: asyncio.sleep(10, OK), in_flight=2)
    ids = [b.send() for _ in range(6)]
    b.send(function="other")
    b.pass_s(1)
    assert [function for _, function, *_ in b.attempts] == ["digits", "digits", "other"]
    b.pass_s(100)
    assert b.times() == [0, 0, 0, 10, 10, 20, 20]
    assert {b.delivery.task(id).state for id in ids} == {State.SUCCEEDED}
    assert b.busiest["digits"] == 2


def test_after_the_close_nothing_is_accepted_or_begun(bench):
    """What was under way and what waited is left for the next start."""
    b = bench(lambda _: asyncio.sleep(10, OK), in_flight=1)
    ids = [b.send(), b.send()]
    b.pass_s(1)
    b.run(b.delivery.close())
    with pytest.raises(EmulatorClosed):
        b.send()
    b.pass_s(100)
    assert [b.delivery.task(id).state for id in ids] == ["Running", "Enqueued"]
    again = bench(OK, store=b.store)
    again.resume()
    again.pass_s(1)
    assert [again.delivery.task(id).state for id in ids] == ["Succeeded", "Succeeded"]
    assert [again.delivery.task(id).attempts for id in ids] == [2, 1]


def test_an_event_stopped_as_the_process_died_has_stopped(bench):
    """It is not tried again."""
    b = bench(lambda _: asyncio.sleep(10, OK))
    id = b.send()
    b.pass_s(1)
    b.delivery.stop(id)
    b.run(b.delivery.close())
    again = bench(OK, store=b.store)
    again.resume()
    again.pass_s(1)
    assert again.delivery.task(id).state is State.STOPPED
    assert again.attempts == []


def test_an_attempt_that_a_death_interrupted_is_made_good(bench):
    """Even when it was the only one allowed; it counts, and after it there is no other."""
    b = bench(lambda _: asyncio.sleep(10, OK), policy=AsyncPolicy(max_retries=0))
    id = b.send()
    b.pass_s(1)
    b.run(b.delivery.close())
    again = bench(BAD, store=b.store, policy=AsyncPolicy(max_retries=0))
    again.resume()
    again.pass_s(1000)
    assert again.times() == [0]
    assert (again.delivery.task(id).state, again.delivery.task(id).attempts) == ("Failed", 2)


def _watch_states(store):
    """Have every change of state written down by the store itself."""
    store.execute("CREATE TABLE changes (id TEXT, old TEXT, new TEXT)")
    store.execute(
        "CREATE TRIGGER watch AFTER UPDATE OF state ON events WHEN old.state <> new.state"
        " BEGIN INSERT INTO changes VALUES (new.id, old.state, new.state); END"
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_thousand_events_drain_without_loss(bench, tmp_path, seed):
    """With a function that fails, throttles and crashes: each event is tried at least once and comes to one legal end,
    and exactly one record of it is where it belongs.
    """
    rng, store = random.Random(seed), Store(tmp_path / "store.db")
    _watch_states(store)
    crash = Answer(Status.ERROR, b'{"errorType": "InstanceCrashed", "errorMessage": "gone", "stackTrace": []}')
    endings = [OK, BAD, BUSY, crash, RuntimeError("a bug")]

    def answer(_):
        (ending,) = rng.choices(endings, weights=(60, 20, 15, 4, 1))
        return asyncio.sleep(rng.random(), ending) if rng.random() < 0.3 else ending

    policy = AsyncPolicy(on_success="done", on_failure="failed", dead_letters="letters")
    b = bench(answer, store=store, policy=policy, in_flight=50, kept_events=20_000)

    async def send():
        accept = b.delivery.accept
        return await asyncio.gather(*(accept("digits", "live", str(n).encode()) for n in range(10_000)))

    ids = b.run(send())
    assert len(set(ids)) == 10_000
    b.pass_s(6 * 3600)
    assert b.busiest["digits"] == 50
    payloads = {}
    for _, _, _, payload, id, _ in b.attempts:
        assert payloads.setdefault(id, payload) == payload
    assert payloads == {id: str(n).encode() for n, id in enumerate(ids)}
    ends = {task.id: task.state for task in b.delivery.tasks("digits", limit=20_000)}
    assert set(ends.values()) == {State.SUCCEEDED, State.FAILED}
    for target, state in (("done", "Succeeded"), ("failed", "Failed"), ("letters", "Failed")):
        assert sorted(mail.id for mail in b.delivery.mailbox.take(target)) == sorted(
            id for id in ids if ends[id] == state
        )
    changes = store.execute("SELECT DISTINCT old, new FROM changes").fetchall()
    assert {(old, new) for old, new in changes if new not in FOLLOWING.get(old, ())} == set()
    store.close()


def test_ten_thousand_quick_sends_are_quick(bench, tmp_path):
    """One after the other, each awaited and safe in a file: seconds at the most, while the function is busy."""
    store = Store(tmp_path / "store.db")
    b = bench(lambda _: asyncio.sleep(1e6, OK), store=store, in_flight=1)

    async def send():
        for _ in range(10_000):
            await b.delivery.accept("digits", "live", b"{}")

    began_s = time.perf_counter()
    b.run(send())
    assert time.perf_counter() - began_s < 10
    assert len(b.delivery.tasks("digits", limit=20_000)) == 10_000


def test_an_event_shows_no_payload():
    """It may be large, and it may be secret."""
    event = Event(id="a", function="f", qualifier="", payload=b"secret", task_id="a", accepted_s=0, due_s=0)
    assert "secret" not in repr(event)
