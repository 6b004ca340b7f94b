"""Calls of Function Compute: waited for, sent and forgotten, failed and refused; through the official SDK."""

import base64
import sys
import time

import pytest
from alibabacloud_fc20230330 import models as m
from alibabacloud_tea_openapi.exceptions import ClientException

from fnlab.emulator.doors.fc.invocations import log_of
from fnlab.emulator.report import Report
from fnlab.functions import AsyncPolicy
from fnlab.trace import Status

ENDED = {"Succeeded", "Failed", "Stopped", "Expired", "Invalid"}


def ended(fc, name, task_id):
    """Wait until a task has ended."""
    while (task := fc.get_async_task(name, task_id, m.GetAsyncTaskRequest()).body).status not in ENDED:
        time.sleep(0.01)
    return task


def test_the_answers_headers_tell_what_was_measured(create, call):
    """Request id, duration, memory, instance and code are in the headers, as the service has them."""
    made = create("fc_bytes")
    headers = call("fc_bytes", b"x")[1].headers
    assert len(headers["x-fc-request-id"]) == 36
    assert 0 < float(headers["x-fc-invocation-duration"]) < 10_000
    assert 1 < float(headers["x-fc-max-memory-usage"]) < 2048
    assert headers["x-fc-code-checksum"] == made.code_checksum
    assert headers["x-fc-instance-id"] == "c-0-0"
    assert "x-fc-error-type" not in headers


def test_the_tail_of_the_log_has_the_services_form(create, call):
    """Start, what was printed, end and a summary; only when it is asked for."""
    create("fc_bytes")
    answer = call("fc_bytes", b"abc", x_fc_log_type="Tail")[1]
    request_id = answer.headers["x-fc-request-id"]
    lines = base64.b64decode(answer.headers["x-fc-log-result"]).decode().splitlines()
    assert lines[0] == f"FC Invoke Start RequestId: {request_id}"
    assert lines[1] == "got 3 bytes"
    assert lines[2] == f"FC Invoke End RequestId: {request_id}"
    assert lines[4].startswith("Duration: ")
    assert "Memory Size: 2048 MB" in lines[4]
    assert "x-fc-log-result" not in call("fc_bytes", b"abc")[1].headers


@pytest.mark.parametrize(
    ("event", "error_type", "sentence"),
    [
        (b"fail", "UnhandledInvocationError", b"no such luck"),
        (b"exit", "UnhandledInvocationError", b"ended before it answered"),
    ],
)
def test_what_a_function_does_wrong_is_an_answer(create, call, event, error_type, sentence):
    """An exception and a dead process are answered with 200, a header that says so, and the error."""
    create("fc_bytes")
    body, answer = call("fc_bytes", event)
    assert (answer.status_code, answer.headers["x-fc-error-type"]) == (200, error_type)
    assert sentence in body


def test_a_function_that_takes_too_long_is_ended(create, call):
    """The timeout is the function's own; the error is the function's, too."""
    create("fc_waits", timeout=1)
    body, answer = call("fc_waits", b"30")
    assert answer.headers["x-fc-error-type"] == "UnhandledInvocationError"
    assert b"within 1 s" in body


def test_an_init_that_fails_is_told_apart(create, call):
    """A handler that is not there, or an initialiser that raises, is an InitializationError."""
    create("fc_bytes", name="lost", handler="index.nothing")
    assert call("lost")[1].headers["x-fc-error-type"] == "InitializationError"
    hook = m.InstanceLifecycleConfig(initializer=m.LifecycleHook(handler="index.handler"))
    create("fc_init", name="bad", instance_lifecycle_config=hook)
    assert call("bad")[1].headers["x-fc-error-type"] == "InitializationError"


def test_reserved_concurrency_of_nothing_refuses_everything(fc, create, call):
    """What is reserved is a cap; a refusal is a 429. The setting can be read, listed and taken away."""
    create("fc_bytes")
    reserve = m.PutConcurrencyConfigRequest(body=m.PutConcurrencyInput(reserved_concurrency=0))
    assert fc.put_concurrency_config("fc_bytes", reserve).body.reserved_concurrency == 0
    with pytest.raises(ClientException) as caught:
        call("fc_bytes")
    assert caught.value.status_code == 429
    assert fc.get_concurrency_config("fc_bytes").body.function_arn.endswith("functions/fc_bytes")
    assert len(fc.list_concurrency_configs(m.ListConcurrencyConfigsRequest()).body.configs) == 1
    fc.delete_concurrency_config("fc_bytes")
    assert call("fc_bytes", b"ab")[0] == b"ba"
    with pytest.raises(ClientException) as caught:
        fc.get_concurrency_config("fc_bytes")
    assert (caught.value.code, caught.value.status_code) == ("OnDemandConfigNotFound", 404)


def test_an_event_that_nobody_waits_for_is_a_task(fc, create, call):
    """It is acknowledged at once; its task tells what it got, how it ended and what came out."""
    create("fc_bytes")
    body, answer = call("fc_bytes", b"abc", x_fc_invocation_type="Async", x_fc_async_task_id="mine")
    assert (body, answer.status_code) == (b"", 202)
    task = ended(fc, "fc_bytes", "mine")
    assert (task.status, task.return_payload, task.already_retried_times) == ("Succeeded", "cba", 0)
    assert task.request_id == answer.headers["x-fc-request-id"]
    assert task.started_time <= task.end_time
    with pytest.raises(ClientException) as caught:
        call("fc_bytes", b"abc", x_fc_invocation_type="Async", x_fc_async_task_id="mine")
    assert caught.value.status_code == 409
    with pytest.raises(ClientException) as caught:
        fc.get_async_task("fc_bytes", "other", m.GetAsyncTaskRequest())
    assert (caught.value.code, caught.value.status_code) == ("AsyncTaskNotFound", 404)


def test_tasks_are_listed_from_the_newest(fc, create, call):
    """A list can be turned around, cut into pages, and narrowed by state and by the beginning of the id."""
    create("fc_bytes")
    for task_id in ("a1", "a2", "b1"):
        call("fc_bytes", b"x", x_fc_invocation_type="Async", x_fc_async_task_id=task_id)
        ended(fc, "fc_bytes", task_id)

    def listed(**wanted):
        found = fc.list_async_tasks("fc_bytes", m.ListAsyncTasksRequest(**wanted)).body
        return [task.task_id for task in found.tasks or []], found.next_token

    assert listed()[0] == ["b1", "a2", "a1"]
    assert listed(sort_order_by_time="asc", prefix="a")[0] == ["a1", "a2"]
    assert listed(status="Failed") == ([], None)
    page, token = listed(limit=2)
    assert (page, listed(limit=2, next_token=token)) == (["b1", "a2"], (["a1"], None))


def test_a_running_task_can_be_stopped(fc, create, call):
    """Its request is given up, and the task says that it was stopped."""
    create("fc_waits", timeout=60)
    call("fc_waits", b"0")
    call("fc_waits", b"50", x_fc_invocation_type="Async", x_fc_async_task_id="long")
    while fc.get_async_task("fc_waits", "long", m.GetAsyncTaskRequest()).body.status != "Running":
        time.sleep(0.01)
    fc.stop_async_task("fc_waits", "long", m.StopAsyncTaskRequest())
    assert ended(fc, "fc_waits", "long").status == "Stopped"


def test_a_failed_event_is_tried_as_its_settings_say(fc, create, call):
    """Without retries the first failure is the last; the settings can be read, listed and taken away."""
    create("fc_bytes")
    wanted = m.PutAsyncInvokeConfigInput(
        max_async_retry_attempts=0,
        max_async_event_age_in_seconds=600,
        destination_config=m.DestinationConfig(on_failure=m.Destination(destination="acs:fc:::functions/other")),
    )
    made = fc.put_async_invoke_config("fc_bytes", m.PutAsyncInvokeConfigRequest(body=wanted)).body
    assert (made.max_async_retry_attempts, made.max_async_event_age_in_seconds) == (0, 600)
    assert made.destination_config.on_failure.destination == "acs:fc:::functions/other"
    assert made.created_time == made.last_modified_time
    call("fc_bytes", b"fail", x_fc_invocation_type="Async", x_fc_async_task_id="t")
    task = ended(fc, "fc_bytes", "t")
    assert (task.status, task.already_retried_times) == ("Failed", 0)
    assert "no such luck" in task.task_error_message
    assert len(fc.list_async_invoke_configs(m.ListAsyncInvokeConfigsRequest()).body.configs) == 1
    fc.delete_async_invoke_config("fc_bytes", m.DeleteAsyncInvokeConfigRequest())
    with pytest.raises(ClientException) as caught:
        fc.get_async_invoke_config("fc_bytes", m.GetAsyncInvokeConfigRequest())
    assert (caught.value.code, caught.value.status_code) == ("AsyncConfigNotExists", 404)
    wrong = m.PutAsyncInvokeConfigRequest(body=m.PutAsyncInvokeConfigInput(max_async_retry_attempts=9))
    with pytest.raises(ClientException, match=r"from 0 to 8; got 9"):
        fc.put_async_invoke_config("fc_bytes", wrong)


def test_three_retries_are_what_the_service_does_unasked(fc, create, emulator):
    """Settings that name no number of retries mean three."""
    create("fc_bytes")
    empty = m.PutAsyncInvokeConfigRequest(body=m.PutAsyncInvokeConfigInput())
    assert fc.put_async_invoke_config("fc_bytes", empty).body.max_async_retry_attempts == 3
    policy = emulator.run_here(lambda: emulator.platform.catalog.policy("fc_bytes"))
    assert policy == AsyncPolicy(max_retries=3)


def test_an_event_may_be_larger_when_somebody_waits(create, call):
    """Events without a waiting caller are limited to 128 KiB; others are not."""
    create("fc_bytes")
    event = b"x" * (128 * 1024 + 1)
    assert call("fc_bytes", event)[0] == event
    with pytest.raises(ClientException) as caught:
        call("fc_bytes", event, x_fc_invocation_type="Async")
    assert (caught.value.code, caught.value.status_code) == ("EntityTooLarge", 400)


def test_instances_are_kept_ready_and_shown(fc, create):
    """A provision config and a scaling config are two views of one number; instances are listed with their state."""
    create("fc_bytes")
    wanted = m.PutProvisionConfigRequest(body=m.PutProvisionConfigInput(default_target=1))
    assert fc.put_provision_config("fc_bytes", wanted).body.target == 1
    while fc.get_provision_config("fc_bytes", m.GetProvisionConfigRequest()).body.current != 1:
        time.sleep(0.01)
    scaling = fc.get_scaling_config("fc_bytes", m.GetScalingConfigRequest()).body
    assert (scaling.min_instances, scaling.current_instances) == (1, 1)
    (instance,) = fc.list_instances("fc_bytes", m.ListInstancesRequest()).body.instances
    assert (instance.status, instance.version_id, instance.qualifier) == ("Running", "0", "LATEST")
    assert abs(instance.created_time_ms / 1000 - time.time()) < 60
    assert len(fc.list_provision_configs(m.ListProvisionConfigsRequest()).body.provision_configs) == 1
    assert len(fc.list_scaling_configs(m.ListScalingConfigsRequest()).body.scaling_configs) == 1
    fc.delete_provision_config("fc_bytes", m.DeleteProvisionConfigRequest())
    assert fc.get_provision_config("fc_bytes", m.GetProvisionConfigRequest()).body.target == 0


def test_rules_for_scaling_that_the_platform_lacks_are_refused(fc, create):
    """Schedules and tracked metrics are not silently dropped."""
    create("fc_bytes")
    schedule = m.PutProvisionConfigInput(default_target=1, scheduled_actions=[m.ScheduledAction(name="a", target=2)])
    with pytest.raises(ClientException, match=r"scheduledActions must not be set"):
        fc.put_provision_config("fc_bytes", m.PutProvisionConfigRequest(body=schedule))
    idle = m.PutProvisionConfigInput(default_target=1, always_allocate_cpu=False)
    with pytest.raises(ClientException, match=r"alwaysAllocateCPU false"):
        fc.put_provision_config("fc_bytes", m.PutProvisionConfigRequest(body=idle))
    minimum = m.PutScalingConfigInput(min_instances=1, enable_on_demand_scaling=False)
    with pytest.raises(ClientException, match=r"enableOnDemandScaling false"):
        fc.put_scaling_config("fc_bytes", m.PutScalingConfigRequest(body=minimum))
    minimum.enable_on_demand_scaling = True
    assert fc.put_scaling_config("fc_bytes", m.PutScalingConfigRequest(body=minimum)).body.min_instances == 1
    fc.delete_scaling_config("fc_bytes", m.DeleteScalingConfigRequest())
    assert fc.get_scaling_config("fc_bytes", m.GetScalingConfigRequest()).body.min_instances == 0


def test_a_custom_runtime_is_a_web_server(fc, create, call):
    """It gets events by POST /invoke after POST /initialize, and its 404 is a handled error."""
    made = create(
        "fc_custom",
        runtime="custom.debian12",
        handler="any",
        custom_runtime_config=m.CustomRuntimeConfig(command=[sys.executable], args=["/code/app.py"], port=9000),
        instance_lifecycle_config=m.InstanceLifecycleConfig(initializer=m.LifecycleHook(handler="any", timeout=5)),
        instance_concurrency=2,
        environment_variables={"A": "b"},
    )
    assert (made.runtime, made.handler, made.environment_variables) == ("custom.debian12", "any", {"A": "b"})
    assert (made.custom_runtime_config.port, made.instance_concurrency) == (9000, 2)
    body, answer = call("fc_custom", b"event")
    assert (body, answer.status_code) == (b"/invoke 1 event", 200)
    failed = call("fc_custom", b"fail")[1]
    assert failed.headers["x-fc-error-type"] == "HandledInvocationError"


def test_a_function_of_another_door_can_be_called_and_not_changed(fc, deploy, call):
    """One that takes JSON gets JSON; what is not JSON is refused before it runs. It is not changed from here."""
    deploy("echo")
    body, answer = call("echo", b'{"a": 1}')
    assert answer.status_code == 200
    assert b'"a"' in body
    with pytest.raises(ClientException, match=r"its event must be JSON"):
        call("echo", b"\xff")
    assert fc.get_function("echo", m.GetFunctionRequest(qualifier="1")).body.handler == "main.handler"
    with pytest.raises(ClientException, match=r"'echo' was made elsewhere"):
        fc.update_function("echo", m.UpdateFunctionRequest(body=m.UpdateFunctionInput(timeout=5)))


def test_a_log_without_its_beginning_keeps_its_end():
    """Of a long log the last 4 KiB count; the start line has then gone, and what is left is kept."""

    class Short(Report):
        """A report with a log of its own."""

        log = b"printed\nEND RequestId: r\nREPORT RequestId: r\n"

    report = Short(
        request_id="r",
        version=1,
        instance=0,
        pid=1,
        status=Status.OK,
        init_s=0,
        duration_s=0.001,
        billed_s=0.001,
        cpu_s=0,
        memory_mib=128,
        peak_mib=10,
        phases=(),
        body=b"",
    )
    lines = log_of(report).decode().splitlines()
    assert lines[:3] == ["FC Invoke Start RequestId: r", "printed", "FC Invoke End RequestId: r"]
    assert lines[4] == "Duration: 1.00 ms, Billed Duration: 1 ms, Memory Size: 128 MB, Max Memory Used: 10.00 MB"
