"""The HTTP judge against a real server: it agrees with itself in both orders, waits, fails, and never invents."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from prefloop.contracts import HttpJudge
from prefloop.judges.http import HttpAnswerJudge, HttpEndpoint, HttpStepChecker, both_orders
from prefloop.judges.judge import JudgeFailed

# question → (status, what the model says, or a whole body)
Reply = Callable[[str], tuple[int, str | dict]]


@pytest.fixture
def serve() -> Iterator[Callable[[Reply], HttpEndpoint]]:
    servers = []

    def start(reply: Reply, timeout: float = 5.0) -> HttpEndpoint:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                assert self.path == "/v1/chat/completions"
                status, said = reply(asked["messages"][0]["content"])
                body = {"choices": [{"message": {"content": said}}]} if isinstance(said, str) else said
                self.send_response(status)
                with suppress(BrokenPipeError):  # whoever asked had waited long enough
                    self.end_headers()
                    self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        config = HttpJudge.model_validate(
            {"type": "http", "url": url, "model": "judge", "timeoutSeconds": timeout}
        )
        return HttpEndpoint(config, pause=0.01)

    yield start
    for server in servers:
        server.shutdown()


def longer_answer_wins(question: str) -> tuple[int, str]:
    first, second = question.split("Answer A:\n")[1].split("\n\nAnswer B:\n")
    return 200, "A." if len(first) > len(second.split("\n\nReply")[0]) else "B"


def test_every_pair_is_judged_in_both_orders(serve):
    seen = []

    def reply(question: str) -> tuple[int, str]:
        seen.append(question)
        return longer_answer_wins(question)

    scores = HttpAnswerJudge(serve(reply)).score(["What?"], [["a", "bbb", "cc"]], [None])
    assert scores == [[0.0, 1.0, 0.5]]
    assert len(seen) == 6


def test_a_judge_that_likes_a_place_finds_only_ties(serve):
    scores = HttpAnswerJudge(serve(lambda _: (200, "A"))).score(["What?"], [["one", "two"]], [None])
    assert scores == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [("a", "b", 1), ("b", "a", 0), ("a", "a", 0.5), ("a", "t", 0.5), ("t", "t", 0.5)],
)
def test_a_win_counts_when_both_orders_agree(first: str, second: str, share: float):
    assert both_orders(first, second) == share


def test_a_busy_judge_is_waited_for(serve):
    calls = []

    def reply(_: str) -> tuple[int, str | dict]:
        calls.append(1)
        return (429, {}) if len(calls) == 1 else (503, {}) if len(calls) == 2 else (200, "Unsafe.")

    assert HttpAnswerJudge(serve(reply)).is_safe(["How?"], [["like this"]]) == [[False]]
    assert len(calls) == 3


@pytest.mark.parametrize(
    "reply",
    [
        lambda _: (200, "I would rather not say"),
        lambda _: (200, {"error": "no choices"}),
        lambda _: (500, {}),
        lambda _: (401, {}),
    ],
    ids=["chatter", "no completion", "broken", "no key"],
)
def test_a_judge_that_gives_no_verdict_fails_and_says_nothing_of_the_texts(serve, reply):
    with pytest.raises(JudgeFailed) as failure:
        HttpAnswerJudge(serve(reply)).score(["a private question"], [["one", "two"]], [None])
    assert "private" not in str(failure.value)


def test_a_judge_that_takes_too_long_fails(serve):
    release = threading.Event()
    endpoint = serve(lambda _: (200, "safe" * release.wait(5)), timeout=0.05)
    try:
        with pytest.raises(JudgeFailed):
            HttpAnswerJudge(endpoint).is_safe(["How?"], [["so"]])
    finally:
        release.set()


def test_steps_are_checked_one_after_the_other_up_to_the_first_wrong_one(serve):
    asked = []

    def reply(question: str) -> tuple[int, str]:
        asked.append(question)
        return 200, "wrong" if "2 + 2 = 5" in question else "right"

    steps = ["1 + 1 = 2", "2 + 2 = 5", "5 + 1 = 6"]
    assert HttpStepChecker(serve(reply)).first_wrong("Add.", steps, "5") == 1
    assert len(asked) == 2 and "5 + 1" not in asked[1]
