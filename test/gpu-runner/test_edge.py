"""The client of the edge: what it repeats, what it gives up on, and what it says meanwhile."""

import json
import random
import threading
from collections.abc import Callable

import httpx
import pytest

from prefloop.contracts import Failure
from prefloop.edge import Edge
from prefloop.edge_errors import (
    AccessRefused,
    BaseModelMismatch,
    EdgeError,
    EdgeUnreachable,
    LeaseLost,
    StaleParent,
)

Answer = httpx.Response | Exception
BATCH = "h" + "0" * 40


def error(status: int, code: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(
        status, json={"code": code, "message": "because", "requestId": "r"}, headers=headers
    )


class Script:
    """A transport that answers what it is told, one answer after the other, and remembers what it was asked."""

    def __init__(self, *answers: Answer):
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Pauses(threading.Event):
    """A stop event on whose pauses nobody waits."""

    def __init__(self, stop_after: int | None = None):
        super().__init__()
        self.seconds: list[float] = []
        self.stop_after = stop_after

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.seconds.append(timeout)
        return len(self.seconds) == self.stop_after


def edge_of(
    script: Script, pauses: Pauses | None = None, report: Callable[[str], None] = lambda _: None
) -> Edge:
    return Edge(
        "http://edge.test/",
        "sk_a_b",
        stop=pauses or Pauses(),
        report=report,
        jitter=random.Random(0),
        transport=httpx.MockTransport(script),
    )


def test_a_call_is_repeated_until_the_edge_is_back_and_the_silence_is_reported_once():
    said: list[str] = []
    pauses = Pauses()
    script = Script(
        httpx.ConnectError("refused"), error(503, "internal"), error(502, "internal"), httpx.Response(204)
    )
    assert edge_of(script, pauses, said.append).lease("tiny", "me") is None
    assert len(script.asked) == 4
    assert len(said) == 2 and "does not answer" in said[0] and "answers again" in said[1]
    assert all(0 < a < b for a, b in zip(pauses.seconds, pauses.seconds[1:], strict=False)), "pauses grow"


def test_a_repeated_call_sends_the_same_bytes():
    script = Script(error(500, "internal"), httpx.Response(200, json={}))
    edge_of(script).fail(BATCH, Failure(fence=3, reason="non-finite loss"))
    first, second = script.asked
    assert first.content == second.content
    assert json.loads(first.content) == {"fence": 3, "reason": "non-finite loss"}
    assert first.headers["authorization"] == "Bearer sk_a_b"


def test_the_pause_that_the_edge_asks_for_is_kept():
    pauses = Pauses()
    edge_of(Script(error(429, "internal", {"retry-after": "7"}), httpx.Response(204)), pauses).lease(
        "tiny", "me"
    )
    assert pauses.seconds == [7.0]


def test_a_server_error_that_stays_is_given_up_on():
    pauses = Pauses()
    script = Script(*[error(500, "internal") for _ in range(100)])
    edge = edge_of(script, pauses)
    clock = iter(range(0, 10_000, 5))
    with pytest.MonkeyPatch.context() as patch, pytest.raises(EdgeUnreachable, match="HTTP 500"):
        patch.setattr("time.monotonic", lambda: float(next(clock)))
        edge.domains()
    assert 2 <= len(script.asked) <= 15


def test_stopping_ends_the_waiting():
    script = Script(*[httpx.ConnectError("refused") for _ in range(9)])
    with pytest.raises(EdgeUnreachable):
        edge_of(script, Pauses(stop_after=3)).domains()
    assert len(script.asked) == 3


def test_a_heartbeat_is_asked_once():
    script = Script(httpx.ReadTimeout("slow"), httpx.Response(200, json={}))
    with pytest.raises(EdgeUnreachable):
        edge_of(script).heartbeat(BATCH, 1)
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "unauthorized", AccessRefused),
        (403, "forbidden", AccessRefused),
        (409, "stale_parent", StaleParent),
        (409, "stale_fence", LeaseLost),
        (409, "lease_expired", LeaseLost),
        (409, "batch_finished", LeaseLost),
        (409, "quarantined", LeaseLost),
        (409, "base_model_mismatch", BaseModelMismatch),
        (400, "adapter_invalid", EdgeError),
    ],
)
def test_a_refusal_is_raised_at_once_as_what_it_is(status: int, code: str, kind: type[EdgeError]):
    script = Script(error(status, code), httpx.Response(200, json={}))
    with pytest.raises(kind) as caught:
        edge_of(script).adapter("0" * 64)
    assert type(caught.value) is kind and caught.value.code == code
    assert len(script.asked) == 1


def test_fields_that_are_wrong_are_named():
    body = {
        "code": "invalid_request",
        "message": "Bad.",
        "requestId": "r",
        "issues": [{"path": "a.b", "message": "no"}],
    }
    with pytest.raises(EdgeError, match=r"Bad\. \(a\.b: no\)"):
        edge_of(Script(httpx.Response(400, json=body))).domains()


def test_an_address_that_is_no_edge_is_said_so():
    with pytest.raises(EdgeError, match="is this the edge's address"):
        edge_of(Script(httpx.Response(404, text="<html>"))).domains()


def test_a_file_goes_up_under_its_hash_and_name():
    script = Script(httpx.Response(200, json={}))
    edge_of(script).upload("ab" * 32, "adapter_config.json", b"{}")
    assert script.asked[0].method == "PUT"
    assert (
        str(script.asked[0].url) == f"http://edge.test/v1/adapters/files/{'ab' * 32}?name=adapter_config.json"
    )
    assert script.asked[0].content == b"{}"
