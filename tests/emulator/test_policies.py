"""Policies on the running platform: the same callables that are simulated."""

import logging
import time

import pytest

from fnlab.emulator import Emulator
from fnlab.functions import Function, Keep, Package, Scaling
from fnlab.scheduler.policies import Fixed, HybridHistogram, Scheduled, TargetTracking

from .conftest import FUNCTIONS


def echo(**scaling):
    """A function that starts in no time."""
    package = Package.of_folder(FUNCTIONS / "echo")
    return Function(
        name="echo", handler="main:handler", package=package, memory_mib=1769, timeout_s=20, scaling=Scaling(**scaling)
    )


def until(true, *, within_s=20.0):
    """Wait for something that another thread brings about."""
    end_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end_s, "it never came about"
        time.sleep(0.01)


def test_a_policy_of_ones_own_says_how_long_an_instance_is_kept(emulator):
    """It is asked when the instance has answered, and the instance is gone when it said; the fixed rule says longer."""
    seen = []

    def brief(view):
        seen.append((view.idle, view.alive, view.keep_alive_s))
        return 0.2

    fn = emulator.deploy(echo(keep_alive=brief, keep_alive_s=300))
    fn(1)
    until(lambda: not fn.pids)
    assert seen == [(1, 1, 300)]
    assert fn.trace.instance_columns["stopped_s"][0] < 20


def test_a_policy_that_fails_is_logged_and_the_fixed_rules_hold(emulator, caplog):
    """The request is answered all the same, and the next one too, by the same instance."""

    def broken(view):
        raise ZeroDivisionError("the reader divided by zero")

    fn = emulator.deploy(echo(keep_alive=broken, keep_alive_s=300))
    with caplog.at_level(logging.WARNING, logger="fnlab"):
        assert [fn(event)["event"] for event in (1, 2)] == [1, 2]
        until(lambda: caplog.records)
    assert "a policy of version 1 of 'echo' failed, and its fixed rules hold" in caplog.text
    assert len(fn.trace.instance_columns["created_s"]) == 1


def test_a_rule_promises_instances_for_a_time(emulator):
    """Two are there from the start, without a request; they are provisioned."""
    fn = emulator.deploy(echo(rules=(Scheduled(from_s=0, to_s=3600, instances=2),)))
    until(lambda: (fn.trace.instance_columns["ready_s"] >= 0).sum() == 2)
    assert fn.trace.instances.kind.tolist() == ["provisioned", "provisioned"]
    fn(1)
    assert fn.trace.cold_starts == 0


def test_an_autoscaler_brings_instances_and_waiting_requests_take_the_first(emulator):
    """The first request finds nothing, waits, and is served; its wait for the instance is recorded as init."""
    scaler = TargetTracking(target=0.5)
    fn = emulator.deploy(echo(autoscaler=scaler, max_wait_s=15, max_instances=2))
    assert [answer["event"] for answer in fn.map(range(4))] == [0, 1, 2, 3]
    trace = fn.trace
    assert trace.cold_starts >= 1
    assert (trace["start_s"] >= trace["arrival_s"] + trace["init_s"] - 1e-9).all()


@pytest.mark.parametrize(
    "scaling",
    [
        Scaling(keep_alive=HybridHistogram()),
        Scaling(keep_alive=Fixed(7.5), rules=(Scheduled(from_s=0, to_s=60, instances=0),)),
        Scaling(autoscaler=TargetTracking(target=0.7), max_wait_s=float("inf")),
    ],
)
def test_ready_made_policies_are_there_again_when_the_home_is_opened_again(tmp_path, scaling):
    """They are written by name, with their settings."""
    home = tmp_path / "home"
    with Emulator(home=home) as first:
        first.deploy(Function(**{**vars(echo()), "scaling": scaling}))
    with Emulator(home=home) as second:
        assert second["echo"].function.scaling == scaling


def test_a_policy_of_ones_own_is_not_stored_and_the_loss_is_told(tmp_path):
    """Code is not written down; the function goes on by its fixed rules, and a warning says what to do."""
    home = tmp_path / "home"
    with Emulator(home=home) as first:
        first.deploy(echo(keep_alive=lambda view: Keep(for_s=9), keep_alive_s=33))
    with pytest.warns(UserWarning, match=r"'echo' goes on by its fixed rules without <lambda>: deploy it again\."):
        second = Emulator(home=home)
    with second:
        assert second["echo"].function.scaling == Scaling(keep_alive_s=33)
