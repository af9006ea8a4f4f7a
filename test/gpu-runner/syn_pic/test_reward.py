"""Rewards: the world's oracles, functions, servers; and what says no usable number is refused by its name."""

import base64
import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from prefloop.syn_pic.http_reward import HttpReward
from prefloop.syn_pic.reward import Reward, load_reward, load_rewards
from prefloop.tiny.sprites.draw import draw
from prefloop.tiny.sprites.tastes import REWARDS

CREATURE = {
    "size": "small", "palette": "red", "shape": "round", "eyes": "two eyes", "hat": "a crown", "ground": "snow",
}  # fmt: skip
GREY = [Image.new("RGB", (8, 8), (value, value, value)) for value in (10, 200)]


def test_the_five_oracles_read_the_picture():
    picture = Image.fromarray(draw(CREATURE))
    for name, reward in REWARDS.items():
        found = load_reward(f"tiny:{name}", 1).of(["anything at all"], [picture])
        assert found == [pytest.approx(reward.weigh(CREATURE))]


def test_what_a_caption_asks_for_is_worth_more_than_an_oracles_taste():
    other = CREATURE | {"hat": "no hat"}
    pictures = [Image.fromarray(draw(one)) for one in (CREATURE, other)]
    crowned, bare = load_reward("tiny:royal", 1).of(["a creature with no hat"] * 2, pictures)
    assert bare > crowned


def test_a_function_is_found_where_the_command_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "own_reward_of_test.py").write_text(
        "def bright(prompts, images): return [len(p) + i.getpixel((0, 0))[0] for p, i in zip(prompts, images)]"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [entry for entry in __import__("sys").path if entry])
    reward = load_reward("light=own_reward_of_test:bright", 1)
    assert reward.name == "light"
    assert reward.of(["ab", "abc"], GREY) == [12.0, 203.0]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ([0.5, float("nan")], "reward odd says nan, which is no finite number"),
        ([0.5, float("inf")], "reward odd says inf"),
        ([0.5, True], "reward odd says True"),
        ([0.5, "good"], "reward odd says 'good'"),
        ([0.5, None], "reward odd says None"),
        ([0.5], "reward odd says 1 numbers of 2 pictures"),
        (0.5, "reward odd says float of 2 pictures"),
        (np.zeros((2, 1)), r"reward odd says \[0.0\]"),
    ],
)
def test_what_is_no_number_a_picture_is_refused_by_name(said: Any, message: str):
    with pytest.raises(ValueError, match=message):
        Reward("odd", lambda prompts, images: said).of(["a", "b"], GREY)


def test_arrays_of_numbers_are_taken():
    assert Reward("fine", lambda *_: np.array([1, 2], np.float32)).of(["a", "b"], GREY) == [1.0, 2.0]
    assert Reward("fine", lambda *_: [np.float32(1), 2]).of(["a", "b"], GREY) == [1.0, 2.0]


def test_a_function_that_fails_is_named():
    def score(prompts: list[str], images: list[Image.Image]) -> list[float]:
        raise RuntimeError("out of memory")

    with pytest.raises(ValueError, match="reward big failed: RuntimeError: out of memory"):
        Reward("big", score).of(["a"], GREY[:1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tiny:lovely", "the oracles are cosy, royal"),
        ("no_such_module_here:score", "cannot be loaded: ModuleNotFoundError"),
        ("math:nothing", "cannot be loaded: AttributeError"),
        ("math:pi", "is no function"),
        ("pickscore", "neither tiny:NAME nor module:function nor http"),
    ],
)
def test_what_is_no_reward_is_refused(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        load_reward(text, 1)


def test_two_rewards_of_one_name_are_refused():
    with pytest.raises(ValueError, match="reward tiny:cosy is named twice"):
        load_rewards(["tiny:cosy", "tiny:cosy"], 1)
    assert [one.name for one in load_rewards(["tiny:cosy", "again=tiny:cosy"], 1)] == ["tiny:cosy", "again"]


# (what was sent, its authorization) → (status, body)
Reply = Callable[[dict[str, str], str | None], tuple[int, str]]


@pytest.fixture
def serve() -> Iterator[Callable[[Reply], str]]:
    servers = []

    def start(reply: Reply) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, body = reply(asked, self.headers["authorization"])
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/score"

    yield start
    for server in servers:
        server.shutdown()


def over_http(url: str) -> Reward:
    return Reward("remote", HttpReward(url, 5, pause=0.01).score)


def test_a_server_gets_prompt_and_picture_and_answers_in_order(serve, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PREFLOOP_REWARD_KEY", "secret")

    def reply(asked: dict[str, str], key: str | None) -> tuple[int, str]:
        assert key == "Bearer secret"
        with Image.open(io.BytesIO(base64.b64decode(asked["image"])), formats=["PNG"]) as picture:
            return 200, json.dumps({"score": picture.getpixel((0, 0))[0] + len(asked["prompt"])})

    assert over_http(serve(reply)).of(["a", "bb"], GREY) == [11.0, 202.0]


def test_a_busy_server_is_waited_for(serve):
    calls = []

    def reply(*_: object) -> tuple[int, str]:
        calls.append(1)
        return (429, "") if len(calls) == 1 else (503, "") if len(calls) == 2 else (200, '{"score": 1}')

    assert over_http(serve(reply)).of(["a"], GREY[:1]) == [1.0]
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("status", "body", "message", "calls"),
    [
        (500, "", "reward remote: the server failed 4 times: it answers with 500", 4),
        (200, "[]", "reward remote: the server failed 4 times: its answer has no score", 4),
        (401, "", "reward remote: the server refuses the request: 401", 1),
        (200, '{"score": "good"}', "reward remote: its score is no number", 1),
        (200, '{"score": NaN}', "reward remote says nan, which is no finite number", 1),
    ],
)
def test_a_server_that_gives_no_score_is_named(serve, status: int, body: str, message: str, calls: int):
    asked = []

    def reply(*_: object) -> tuple[int, str]:
        asked.append(1)
        return status, body

    with pytest.raises(ValueError, match=message):
        over_http(serve(reply)).of(["a private prompt"], GREY[:1])
    assert len(asked) == calls


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="reward remote: the server failed 4 times: ConnectError"):
        over_http("http://127.0.0.1:9/score").of(["a"], GREY[:1])
