"""Asynchronous events through a deployed function."""

import time

import pytest

from fnlab.errors import EventNotFound
from fnlab.functions import AsyncPolicy


def _until(condition, timeout_s=20):
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, "it never came to that"
        time.sleep(0.01)


def test_an_event_is_served_beside(deploy):
    """Its id is the request's, its log is there, and the answer is kept with it."""
    task = deploy("echo").enqueue({"hello": "world"})
    assert task.wait(20) == "Succeeded"
    assert b"world" in task.event.body
    assert task.event.attempts == 1


def test_a_failure_is_told_to_a_destination_that_is_no_function(deploy, emulator):
    """It stays in the mailbox under the name that was given."""
    fn = deploy("raises")
    fn.on_events(AsyncPolicy(max_retries=1, delays_s=(0.01,), on_failure="arn:aws:sqs:us-east-1:000000000000:letters"))
    assert fn.enqueue("bad").wait(20) == "Failed"
    (mail,) = emulator.mail("arn:aws:sqs:us-east-1:000000000000:letters")
    assert b'"approximateInvokeCount":2' in mail.body.replace(b" ", b"")


def test_a_waiting_event_can_be_stopped(deploy):
    """It is tried no more."""
    fn = deploy("raises")
    task = fn.enqueue("bad")  # the next try is a minute away
    _until(lambda: task.state == "Retrying")
    task.stop()
    assert task.state == "Stopped"


def test_a_removed_function_takes_its_events_along(deploy, emulator):
    """A new function of the same name gets none of them."""
    task = deploy("raises").enqueue("bad")
    _until(lambda: task.state == "Retrying")
    emulator.remove("raises")
    assert task.state == "Invalid"
    again = deploy("raises")
    assert again.reports == []


def test_an_event_that_never_was_is_not_found(deploy, emulator):
    """The sentence names its id."""
    deploy("echo")
    with pytest.raises(EventNotFound, match=r"there is no request id 'nobody'"):
        emulator.run_here(lambda: emulator.platform.delivery.task("nobody"))
