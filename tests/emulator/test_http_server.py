import asyncio
import re
import socket
import threading
import time

import pytest
import uvloop

from fnlab.emulator.http.limits import HttpLimits
from fnlab.emulator.http.messages import Query, Request, Response, json_response, text_response
from fnlab.emulator.http.server import Server

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
PATIENCE_S = 10


async def tell(request):
    """Answer with what was understood of the request."""
    return json_response(
        {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "body": request.body.decode("latin-1"),
        }
    )


class Running:
    """A server on a loop of its own thread, and ways to talk to it in bytes."""

    def __init__(self, loop):
        self.loop, self.errors, self.server = loop, [], None
        loop.set_exception_handler(lambda _, context: self.errors.append(context.get("exception")))

    def __call__(self, app=tell, *, gate=None, prompt=None, **limits):
        self.server = self.run(Server.start(app, gate=gate, limits=HttpLimits(**limits), prompt=prompt))
        return self

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def connect(self):
        port = int(self.server.url.rpartition(":")[2])
        return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)

    def ask(self, sent):
        """Send, and give back all that comes until the server closes."""
        with self.connect() as connection:
            connection.sendall(sent)
            return read_all(connection)


@pytest.fixture(params=["asyncio", "uvloop"])
def serve(request):
    """Start a server with an app and limits; it is closed after the test."""
    loop = uvloop.new_event_loop() if request.param == "uvloop" else asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = Running(loop)
    yield running
    if running.server is not None:
        running.run(running.server.close(grace_s=0))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def read_all(connection):
    """Read until the end; a connection that was reset is at its end, too."""
    answer = b""
    try:
        while piece := connection.recv(65536):
            answer += piece
    except ConnectionResetError:
        pass
    return answer


def statuses(answer):
    """Status codes of the answers, in order."""
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def post(*headers, body=b""):
    """Write a POST with these headers."""
    return b"\r\n".join([b"POST / HTTP/1.1", b"Host: a", *headers, b"", body])


def test_a_request_arrives_whole(serve):
    """Method, path as sent, decoded query, lower-case headers and the body reach the app."""
    answer = serve().ask(
        b"PUT /a%2Fb?x=1&x=%20 HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-one: 2\r\nCookie: a=1\r\nCookie: b=2\r\n"
        b"Connection: close\r\nContent-Length: 3\r\n\r\nabc"
    )
    told = Request("GET", "/", body=answer.partition(b"\r\n\r\n")[2]).json()
    assert (told["method"], told["path"], told["body"]) == ("PUT", "/a%2Fb", "abc")
    assert told["query"] == [["x", "1"], ["x", " "]]
    assert (told["headers"]["x-one"], told["headers"]["cookie"]) == ("1, 2", "a=1; b=2")


def test_query_keeps_order_and_repeats():
    """A query gives the first value, all values, or nothing."""
    query = Query.parse("a=1&b=&a=2")
    assert (query.get("a"), query.get("b"), query.get("c", "z"), query.all("a")) == ("1", "", "z", ("1", "2"))


@pytest.mark.parametrize(
    "sent",
    [
        post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
        post(b"Content-Length: 2", b"Content-Length: 2", body=b"ab"),
        post(b"Content-Length: 2, 2", body=b"ab"),
        post(b"Content-Length: +2", body=b"ab"),
        post(b"Content-Length: -2", body=b"ab"),
        post(b"Content-Length: 0x2", body=b"ab"),
        post(b"Content-Length:", body=b"ab"),
        post(b"Content-Length: 99999999999999999999999", body=b"ab"),
        post(b"Content-Length : 2", body=b"ab"),
        post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: gzip", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", body=b"-2\r\nab\r\n0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", body=b"0x2\r\nab\r\n0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\nab"),
        post(b"Transfer-Encoding: chunked", body=b"2\nab\n0\n\n"),
        post(b"Transfer-Encoding: chunked", body=b"2;x\nab\r\n0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked", body=b"2\r\nabc\r\n0\r\n\r\n"),
        b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: b\x00c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /#part HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET a/b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET ftp://h/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT h:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(serve, sent):
    """An ambiguous request gets 400, and what follows it on the connection is not taken for a request."""
    asked = []

    async def app(request):
        asked.append(request.path)
        return text_response("")

    assert statuses(serve(app).ask(sent + LAST)) == [400]
    assert asked == []


@pytest.mark.parametrize("version", [b"2.0", b"0.9"])
def test_other_versions_are_refused(serve, version):
    """Only HTTP/1.1 and 1.0 are spoken."""
    assert statuses(serve().ask(b"GET / HTTP/" + version + b"\r\nHost: a\r\n\r\n")) == [505]


def test_chunks_extensions_and_trailers_are_read(serve):
    """A chunked body is put together; extensions and trailers are dropped."""
    body = b"2;x=y\r\nab\r\n1\r\nc\r\n0\r\nX-Late: 1\r\n\r\n"
    answer = serve().ask(post(b"Transfer-Encoding: chunked", body=body) + LAST)
    assert statuses(answer) == [200, 200]
    assert b'"body":"abc"' in answer
    assert b"x-late" not in answer


def test_absolute_form_names_path_and_host(serve):
    """A whole URL as the target counts more than the Host header."""
    answer = serve().ask(b"GET http://h:1/p?q=1 HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n")
    assert b'"path":"/p"' in answer
    assert b'"host":"h:1"' in answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * 200 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (post(*[b"X: 1"] * 20), 431),
        (post(b"X: " + b"a" * 600), 431),
        (post(b"Content-Length: 101"), 413),
        (post(b"Transfer-Encoding: chunked", body=b"65\r\n" + b"a" * 101), 413),
    ],
)
def test_sizes_are_bounded(serve, sent, status):
    """URL, number of headers, head and body have their bounds and their statuses."""
    serve(max_url_bytes=100, max_headers=10, max_head_bytes=500, max_body_bytes=100)
    assert statuses(serve.ask(sent)) == [status]


@pytest.mark.parametrize(
    ("begin", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: ", 431),
        (post(b"Transfer-Encoding: chunked", body=b"2;"), 413),
    ],
)
def test_what_never_ends_is_cut(serve, begin, status):
    """A header or a chunk extension without end is refused, not collected."""
    serve(max_head_bytes=500, max_body_bytes=500, linger_s=0.1)
    with serve.connect() as connection:
        connection.sendall(begin)
        answer = b""
        while not answer:
            connection.sendall(b"a" * 100)
            connection.settimeout(0.01)
            try:
                answer = connection.recv(65536)
            except TimeoutError:
                continue
    assert statuses(answer) == [status]


@pytest.mark.parametrize("begin", [b"GET / HT", GET[:-2], post(b"Content-Length: 5", body=b"a"), GET + b"GET"])
def test_slow_senders_are_told_and_cut(serve, begin):
    """A head or a body that does not come in time gets 408; requests before it are answered."""
    serve(head_timeout_s=0.2, body_timeout_s=0.2, linger_s=0.2)
    assert statuses(serve.ask(begin))[-1] == 408


def test_a_trickled_body_is_cut_though_it_never_stops(serve):
    """Sending a byte now and then does not buy time."""
    serve(body_timeout_s=0.3, linger_s=0.2)
    with serve.connect() as connection:
        connection.sendall(post(b"Content-Length: 1000"))
        connection.settimeout(0.05)
        began_s, answer = time.monotonic(), b""
        while not answer and time.monotonic() < began_s + PATIENCE_S:
            connection.sendall(b"a")
            try:
                answer = connection.recv(65536)
            except TimeoutError:
                continue
    assert statuses(answer) == [408]


@pytest.mark.parametrize("sent", [b"", GET])
def test_idle_connections_are_closed(serve, sent):
    """A connection that asks nothing (more) is closed without a word."""
    serve(head_timeout_s=0.2, keep_alive_s=0.2)
    assert statuses(serve.ask(sent)) == [200] * bool(sent)


def test_a_reader_too_slow_is_cut_and_the_others_are_served(serve):
    """Who does not read the answer holds neither memory nor the server for long."""

    async def app(request):
        return Response(200, {}, b"a" * (32 * 1024 * 1024 if request.path == "/" else 1))

    serve(app, write_timeout_s=0.2)
    with serve.connect() as slow:
        slow.sendall(GET)
        assert slow.recv(1) == b"H"
        assert statuses(serve.ask(LAST)) == [200]
        wait_until(lambda: serve.server.connections == 0)


def test_a_stream_waits_for_its_reader(serve):
    """The iterator is not drained faster than the caller reads, and is closed when the caller goes."""
    made, closed = [], threading.Event()

    async def endless():
        try:
            while True:
                made.append(1)
                yield b"a" * 65536
        finally:
            closed.set()

    async def app(request):
        return Response(200, {}, endless())

    serve(app)
    with serve.connect() as connection:
        connection.sendall(GET)
        assert connection.recv(1) == b"H"
        wait_until(lambda: stands_still(made))
        assert len(made) < 1000
    assert closed.wait(PATIENCE_S)


def test_streams_are_chunked_and_the_connection_goes_on(serve):
    """Pieces go out as chunks; an empty piece does not end the answer."""

    async def pieces():
        yield b"ab"
        yield b""
        yield b"c"

    async def app(request):
        return Response(200, {"Content-Type": "text/plain"}, pieces())

    answer = serve(app).ask(GET + LAST)
    assert answer.count(b"\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n") == 2


def test_http_1_0_gets_a_stream_that_ends_with_the_connection(serve):
    """A caller that does not know chunks gets none; without a wish to keep it, its connection is closed."""

    async def pieces():
        yield b"ab"
        yield b"c"

    async def app(request):
        return Response(200, {}, pieces())

    head, _, body = serve(app).ask(b"GET / HTTP/1.0\r\n\r\n").partition(b"\r\n\r\n")
    assert body == b"abc"
    assert b"chunked" not in head


def test_a_stream_that_fails_is_not_ended_well(serve):
    """The caller sees from the missing last chunk that the answer is not whole."""

    async def pieces():
        yield b"ab"
        raise ValueError("in the middle")

    async def app(request):
        return Response(200, {}, pieces())

    assert not serve(app).ask(GET).endswith(b"0\r\n\r\n")
    assert [str(error) for error in serve.errors] == ["in the middle"]


def test_pipelined_requests_are_answered_in_order_one_at_a_time(serve):
    """The second request on a connection does not overtake the first, nor run beside it."""
    busy, most = [], []

    async def app(request):
        busy.append(1)
        most.append(len(busy))
        await asyncio.sleep(0.02 if request.path == "/0" else 0)
        busy.pop()
        return text_response(request.path)

    asked = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(50))
    answer = serve(app).ask(asked + LAST)
    assert re.findall(rb"\r\n\r\n(/(?:\d+|last))", answer) == [b"/%d" % number for number in range(50)] + [b"/last"]
    assert max(most) == 1


def test_requests_sent_while_one_is_answered_wait(serve):
    """What comes later, even in pieces, is read after the answer; a half-closed connection still gets all of them."""
    entered, go_on = threading.Event(), threading.Event()

    async def app(request):
        if request.path == "/":
            entered.set()
            await asyncio.to_thread(go_on.wait, PATIENCE_S)
        return text_response(request.path)

    serve(app)
    with serve.connect() as connection:
        connection.sendall(GET)
        assert entered.wait(PATIENCE_S)
        connection.sendall(GET[:10])
        connection.sendall(GET[10:] + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        go_on.set()
        assert statuses(read_all(connection)) == [200, 200, 200]


def test_half_closed_callers_are_answered(serve):
    """A caller that has sent its request and closed its side gets the answer."""
    serve()
    with serve.connect() as connection:
        connection.sendall(GET)
        connection.shutdown(socket.SHUT_WR)
        assert statuses(read_all(connection)) == [200]


def test_callers_that_leave_early_harm_nobody(serve):
    """Connections that end in a head, in a body or before the answer leave nothing behind."""
    serve()
    for begin in (b"", GET[:10], post(b"Content-Length: 9", body=b"a"), GET):
        with serve.connect() as connection:
            connection.sendall(begin)
    wait_until(lambda: serve.server.connections == 0)
    assert statuses(serve.ask(LAST)) == [200]
    assert serve.errors == []


def test_expect_is_met_before_the_body(serve):
    """A caller that waits for 100 gets it, then its answer."""
    serve()
    with serve.connect() as connection:
        connection.sendall(post(b"Content-Length: 2", b"Expect: 100-continue", b"Connection: close"))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ab")
        assert b'"body":"ab"' in read_all(connection)


def test_expect_behind_another_request_waits_its_turn(serve):
    """The interim answer comes after the answer to the request before."""
    serve()
    with serve.connect() as connection:
        connection.sendall(GET + post(b"Content-Length: 2", b"Expect: 100-continue", b"Connection: close"))
        answer = b""
        while b"100 Continue" not in answer:
            answer += connection.recv(65536)
        connection.sendall(b"ab")
        assert statuses(answer + read_all(connection)) == [200, 100, 200]


def test_other_expectations_fail(serve):
    """Whatever else is expected cannot be met."""
    assert statuses(serve().ask(post(b"Expect: wonders", b"Content-Length: 0"))) == [417]


def test_the_gate_refuses_before_the_body(serve):
    """With Expect, a refused caller hears so at once; without, its body is dropped and the connection stays."""
    asked = []

    async def app(request):
        asked.append(request)
        return text_response("")

    def gate(request):
        return None if request.path == "/last" else text_response("no", status=403)

    serve(app, gate=gate)
    assert statuses(serve.ask(post(b"Content-Length: 1000", b"Expect: 100-continue"))) == [403]
    assert statuses(serve.ask(post(b"Content-Length: 5", body=b"abcde") + LAST)) == [403, 200]
    assert [request.path for request in asked] == ["/last"]


def test_head_and_bodiless_statuses_have_no_body(serve):
    """HEAD tells the length without the body; 204 has neither."""

    async def app(request):
        return Response(204) if request.path == "/none" else text_response("abc")

    answer = serve(app).ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n" + LAST)
    head, none, last = answer.split(b"HTTP/1.1 ")[1:]
    assert b"Content-Length: 3" in head
    assert head.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in none
    assert last.endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize(
    "headers", [{"X-A": "1\r\nX-B: 2"}, {"X-A": "1\n"}, {"X-A\r\nX-B": "1"}, {"X A": "1"}, {"X-A": "\0"}, {"X-A": "é"}]
)
def test_headers_cannot_be_smuggled_out(serve, headers):
    """An app's header that would become two, or cannot be written, fails that answer alone, streamed or whole."""

    async def pieces():
        yield b"abc"

    async def app(request):
        body = pieces() if request.path == "/stream" else b"abc"
        return Response(200, headers if request.path != "/last" else {}, body)

    answer = serve(app).ask(GET + b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n" + LAST)
    assert statuses(answer) == [500, 500, 200]
    assert b"X-B" not in answer
    assert [type(error).__name__ for error in serve.errors] == ["BadValue", "BadValue"]


def test_cookies_are_not_joined_and_framing_is_the_servers(serve):
    """Each cookie has its line; an app's own length is left out."""

    async def app(request):
        return Response(200, {"Content-Length": "99", "transfer-encoding": "gzip"}, b"abc", cookies=("a=1", "b=2"))

    answer = serve(app).ask(LAST)
    assert b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n" in answer
    assert answer.count(b"Content-Length") == 1
    assert b"gzip" not in answer


def test_an_apps_mistake_is_one_answer(serve):
    """An exception becomes 500, is reported to the loop, and the connection stays."""

    async def app(request):
        raise ValueError("secret")

    answer = serve(app).ask(GET + LAST)
    assert statuses(answer) == [500, 500]
    assert b"secret" not in answer
    assert [str(error) for error in serve.errors] == ["secret", "secret"]


POST = b"POST /%b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n%b"


def test_a_head_that_came_before_is_asked_about_again(serve):
    """The same bytes lead to the same request, each with its own body; the gate decides every time anew."""
    asked = []

    def gate(request):
        asked.append(request.path)
        return text_response("no", status=403) if len(asked) == 3 else None

    serve(gate=gate)
    with serve.connect() as connection:
        answers = []
        for body in (b"ab", b"cd", b"ef", b"gh"):
            connection.sendall(POST % (b"x", body))
            answers.append(connection.recv(65536))
    assert [answer[9:12] for answer in answers] == [b"200", b"200", b"403", b"200"]
    assert b'"body":"cd"' in answers[1]
    assert b'"body":"gh"' in answers[3]
    assert asked == ["/x"] * 4


@pytest.mark.parametrize("cut", [1, 20, 40])
def test_a_known_head_may_come_in_pieces(serve, cut):
    """A request that is not whole at once is read as ever, and what is behind it too."""
    whole = POST % (b"x", b"ab")
    serve()
    with serve.connect() as connection:
        connection.sendall(whole)
        connection.recv(65536)
        connection.sendall(whole[:cut])
        serve.run(asyncio.sleep(0))
        connection.sendall(whole[cut:] + whole + LAST)
        answer = read_all(connection)
    assert statuses(answer) == [200, 200, 200]


def test_a_prompt_answers_at_once_or_later_and_leaves_the_rest(serve):
    """What a prompt takes is answered in its order, without the app; what it does not take goes to the app."""

    def prompt(request, reply):
        if request.path == "/now":
            reply(text_response("now"))
        elif request.path == "/later":
            asyncio.get_running_loop().call_later(0.01, reply, text_response("later"))
        else:
            return False
        return True

    serve(prompt=prompt)
    with serve.connect() as connection:
        connection.sendall(POST % (b"now", b"ab"))
        assert connection.recv(65536).endswith(b"now")
        connection.sendall(POST % (b"later", b"ab"))
        connection.sendall(POST % (b"app", b"ab"))
        connection.sendall(LAST)
        answer = read_all(connection)
    assert statuses(answer) == [200, 200, 200]
    assert answer.index(b"later") < answer.index(b"/app") < answer.index(b"/last")


def test_a_prompts_mistake_is_one_answer(serve):
    """An exception becomes 500, is reported to the loop, and the connection stays."""

    def prompt(request, reply):
        raise ValueError("secret")

    answer = serve(prompt=prompt).ask(GET + LAST)
    assert statuses(answer) == [200, 200]  # two at once are the app's
    with serve.connect() as connection:
        connection.sendall(GET)
        assert connection.recv(65536).startswith(b"HTTP/1.1 500")
        connection.sendall(GET)
        assert connection.recv(65536).startswith(b"HTTP/1.1 500")
    assert [str(error) for error in serve.errors] == ["secret", "secret"]


def test_an_upgrade_is_not_taken_up(serve):
    """A wish for HTTP/2 is passed over, and the connection goes on in HTTP/1.1."""
    wish = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert statuses(serve().ask(wish + LAST)) == [200, 200]


def test_connections_are_counted(serve):
    """One connection too many is told so; when one ends there is room again."""
    serve(max_connections=1)
    with serve.connect() as first:
        first.sendall(GET)
        assert statuses(first.recv(65536)) == [200]
        with serve.connect() as second:
            assert statuses(read_all(second)) == [503]
    wait_until(lambda: serve.server.connections == 0)
    assert statuses(serve.ask(LAST)) == [200]


def test_close_lets_answers_end(serve):
    """Closing waits for the answers that are owed, and closes idle connections."""
    entered, go_on = threading.Event(), threading.Event()

    async def app(request):
        entered.set()
        await asyncio.to_thread(go_on.wait, PATIENCE_S)
        return text_response("abc")

    serve(app)
    with serve.connect() as idle, serve.connect() as busy:
        busy.sendall(GET)
        assert entered.wait(PATIENCE_S)
        closing = asyncio.run_coroutine_threadsafe(serve.server.close(), serve.loop)
        assert read_all(idle) == b""
        go_on.set()
        assert read_all(busy).endswith(b"abc")
        closing.result(PATIENCE_S)


def test_close_does_not_wait_for_ever(serve):
    """After the grace, what still runs is cut off."""
    entered = threading.Event()

    async def app(request):
        entered.set()
        await asyncio.Event().wait()

    serve(app)
    with serve.connect() as busy:
        busy.sendall(GET)
        assert entered.wait(PATIENCE_S)
        serve.run(serve.server.close(grace_s=0.05))
        assert read_all(busy) == b""


def wait_until(condition):
    """Wait until a condition of the server holds."""
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def stands_still(made):
    """Tell whether a list stops growing."""
    before = len(made)
    time.sleep(0.1)
    return len(made) == before
