"""The operations on functions and their code."""

import asyncio
from typing import Any

from fnlab.emulator.doors.fc import code, layers, translation
from fnlab.emulator.doors.fc.call import LATEST, PREFIX, PROVIDER, Call, given
from fnlab.emulator.doors.fc.entry import without_adapter
from fnlab.emulator.doors.fc.refusals import Refusal, coded
from fnlab.emulator.doors.zips import packed
from fnlab.emulator.http.access import credential_of
from fnlab.emulator.http.messages import Response, json_response
from fnlab.emulator.state.records import Version
from fnlab.errors import AlreadyExists
from fnlab.functions import Package


async def create(call: Call) -> Response:
    """CreateFunction."""
    content = call.content()
    name = given(content, "functionName", str, "")
    sent = await _sent(content)
    if sent is None:
        raise Refusal("a new function must bring its code; got none.")
    function = translation.function_of(content, name=name, package=sent.package, layers=_layers(call, content))
    with coded(AlreadyExists, "FunctionAlreadyExists", 409):
        entry = call.platform.catalog.create(
            function,
            description=given(content, "description", str, ""),
            notes=translation.notes_of(content) | translation.code_notes(sent),
            tags=translation.tags_of(given(content, "tags", list, [])),
        )
    return _described(call, entry.draft)


async def update(call: Call) -> Response:
    """UpdateFunction: what is not given stays."""
    content = call.content()
    draft = call.platform.catalog[call.function].draft
    if (draft.function.limits, draft.function.payload) != (PROVIDER, "bytes"):
        raise Refusal(f"{call.function!r} was made elsewhere, for other rules; change it there.")
    sent = await _sent(content)
    package = sent.package if sent else without_adapter(draft.function.package)
    fields = translation.fields_of(draft) | {name: value for name, value in content.items() if value is not None}
    function = translation.function_of(fields, name=call.function, package=package, layers=_layers(call, fields))
    before = {name: draft.notes[name] for name in ("codeChecksum", "codeSize") if name in draft.notes}
    entry = call.platform.catalog.update(
        call.function,
        function,
        description=given(content, "description", str, draft.description),
        notes=translation.notes_of(fields) | (translation.code_notes(sent) if sent else before),
    )
    return _described(call, entry.draft)


async def get(call: Call) -> Response:
    """GetFunction."""
    return _described(call, call.platform.catalog.version(call.function, call.qualifier))


async def list_all(call: Call) -> Response:
    """ListFunctions."""
    prefix, wanted = call.query("prefix") or "", call.query("functionName")
    entries = [
        entry
        for entry in call.platform.catalog
        if entry.name.startswith(prefix) and (wanted is None or wanted in entry.name)
    ]
    page, token = call.page(entries, lambda entry: entry.name)
    described = [translation.description_of(entry.draft, entry, call.place) for entry in page]
    return json_response({"functions": described, **token})


async def delete(call: Call) -> Response:
    """DeleteFunction."""
    call.platform.catalog.delete(call.function)
    return Response(204)


async def get_code(call: Call) -> Response:
    """GetFunctionCode: where the code can be had."""
    version = call.platform.catalog.version(call.function, call.qualifier)
    data = await asyncio.to_thread(packed, without_adapter(version.function.package))
    # The service's links carry a signature of their own; here they carry what the caller has shown.
    shown = credential_of(call.request)
    host = (f"{shown}:@" if shown else "") + call.request.headers.get("host", "127.0.0.1")
    qualifier = LATEST if version.is_draft else str(version.number)
    url = f"http://{host}{PREFIX}/functions/{call.function}/code.zip?qualifier={qualifier}"
    return json_response({"url": url, "checksum": await asyncio.to_thread(code.crc64, data)})


async def download_code(call: Call) -> Response:
    """Give the code itself: the emulator's own, for the service's links lead to an object store."""
    version = call.platform.catalog.version(call.function, call.qualifier)
    data = await asyncio.to_thread(packed, without_adapter(version.function.package))
    return Response(200, {"Content-Type": "application/zip"}, data)


async def _sent(content: dict[str, Any]) -> code.Code | None:
    location = given(content, "code", dict, {})
    return await asyncio.to_thread(code.read, location) if location else None


def _layers(call: Call, fields: dict[str, Any]) -> list[Package]:
    return [layers.named(call, arn).package for arn in given(fields, "layers", list, [])]


def _described(call: Call, version: Version) -> Response:
    entry = call.platform.catalog[version.function.name]
    return json_response(translation.description_of(version, entry, call.place))
