import json
from collections.abc import Iterator

import httpx
import pytest
from random_models import byte_tokenizer

from prefloop.adapters.lora import Adapter
from prefloop.text.completion import Request
from prefloop.text.decode import Decoder
from prefloop.text.encode import TextEncoder
from prefloop.text.trunk import Trunk

HI = [{"role": "user", "content": "hi"}]
UNKNOWN = "0" * 64


def expect(trunk: Trunk, encoder: TextEncoder, adapter: Adapter | None, **fields: object) -> list[list[int]]:
    decoder = Decoder(trunk, encoder.end_ids)
    completions = decoder.submit(Request(encoder.prompt_ids(HI), adapter=adapter, **fields))
    while not decoder.idle:
        decoder.step()
    return [completion.token_ids for completion in completions]


def events(response: httpx.Response) -> Iterator[dict]:
    """The chunks of a stream, which has to end with [DONE]."""
    lines = [line for line in response.text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    for line in lines[:-1]:
        assert line.startswith("data: ")
        yield json.loads(line.removeprefix("data: "))


def test_an_answer_has_openai_s_shape(server, encoder: TextEncoder) -> None:
    response = server.chat(seed=1)
    body = response.json()
    assert response.status_code == 200
    assert response.headers["x-prefloop-adapter"] == "base"
    assert (body["object"], body["model"]) == ("chat.completion", "base")
    assert body["id"].startswith("chatcmpl-")
    (choice,) = body["choices"]
    assert choice["message"]["role"] == "assistant"
    assert isinstance(choice["message"]["content"], str)
    assert choice["finish_reason"] in ("stop", "length")
    prompt = len(encoder.prompt_ids(HI))
    drawn = body["usage"]["completion_tokens"]
    assert body["usage"] == {
        "prompt_tokens": prompt,
        "completion_tokens": drawn,
        "total_tokens": prompt + drawn,
    }
    assert "token_ids" not in choice


def test_tokens_and_logprobs_are_those_of_the_decoder(server, trunk: Trunk, encoder: TextEncoder) -> None:
    choice = server.chat(seed=4, logprobs=True, max_tokens=20, temperature=0.8, top_p=0.9).json()["choices"][
        0
    ]
    ids = choice["token_ids"]
    assert [ids] == expect(trunk, encoder, None, seed=4, max_tokens=20, temperature=0.8, top_p=0.9)
    content = choice["logprobs"]["content"]
    assert len(content) == len(ids)
    assert all(entry["logprob"] <= 0 and entry["model_logprob"] <= 0 for entry in content)
    assert any(entry["logprob"] != entry["model_logprob"] for entry in content)
    tokenizer = byte_tokenizer()
    for token, entry in zip(ids, content, strict=True):
        alone = tokenizer.decode([token], skip_special_tokens=True)
        assert entry["bytes"] == (None if not alone or "\ufffd" in alone else list(alone.encode()))
    text = tokenizer.decode(ids, skip_special_tokens=True)
    assert choice["message"]["content"] == text


def test_n_completions_share_a_seed(server, trunk: Trunk, encoder: TextEncoder) -> None:
    body = server.chat(seed=4, n=3, logprobs=True).json()
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2]
    assert [choice["token_ids"] for choice in body["choices"]] == expect(
        trunk, encoder, None, seed=4, n=3, max_tokens=8
    )


def test_without_a_seed_answers_differ(server) -> None:
    assert len({server.chat(max_tokens=16).json()["choices"][0]["message"]["content"] for _ in range(4)}) > 1


def test_temperature_zero_is_greedy(server, trunk: Trunk, encoder: TextEncoder) -> None:
    choice = server.chat(temperature=0, logprobs=True).json()["choices"][0]
    assert [choice["token_ids"]] == expect(trunk, encoder, None, temperature=0.0, max_tokens=8)
    assert all(entry["logprob"] == entry["model_logprob"] for entry in choice["logprobs"]["content"])


def test_each_adapter_answers_for_itself(server, trunk: Trunk, encoder: TextEncoder, adapters) -> None:
    answers = set()
    for sha, adapter in adapters.items():
        response = server.chat(model=sha, temperature=0, logprobs=True)
        assert response.headers["x-prefloop-adapter"] == response.json()["model"] == sha
        choice = response.json()["choices"][0]
        assert [choice["token_ids"]] == expect(trunk, encoder, adapter, temperature=0.0, max_tokens=8)
        answers.add(tuple(choice["token_ids"]))
    assert len(answers) == len(adapters)


@pytest.mark.parametrize("logprobs", [False, True])
def test_a_stream_is_the_answer_in_pieces(server, logprobs: bool) -> None:
    asked = {"seed": 9, "n": 2, "max_tokens": 24, "logprobs": logprobs}
    whole = server.chat(**asked).json()
    response = server.chat(**asked, stream=True, stream_options={"include_usage": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-prefloop-adapter"] == "base"
    *chunks, usage = events(response)
    assert usage["choices"] == []
    assert usage["usage"] == whole["usage"]
    assert all(chunk["usage"] is None and chunk["object"] == "chat.completion.chunk" for chunk in chunks)
    assert len({chunk["id"] for chunk in (*chunks, usage)}) == 1
    for index, expected in enumerate(whole["choices"]):
        mine = [chunk["choices"][0] for chunk in chunks if chunk["choices"][0]["index"] == index]
        assert mine[0]["delta"] == {"role": "assistant", "content": ""}
        assert (
            "".join(choice["delta"].get("content", "") for choice in mine) == expected["message"]["content"]
        )
        assert [choice["finish_reason"] for choice in mine] == [None] * (len(mine) - 1) + [
            expected["finish_reason"]
        ]
        assert mine[-1]["delta"] == {}
        if logprobs:
            told = [entry for choice in mine if choice["logprobs"] for entry in choice["logprobs"]["content"]]
            assert told == expected["logprobs"]["content"]
            ids = [token for choice in mine for token in choice.get("token_ids", [])]
            assert ids == expected["token_ids"]


def test_a_stream_without_options_has_no_usage(server) -> None:
    assert all("usage" not in chunk for chunk in events(server.chat(stream=True)))


def test_pieces_of_a_stream_are_whole_characters(server) -> None:
    """The model's bytes are random: most characters are torn. A torn one comes as U+FFFD once it cannot become whole."""
    for seed in range(5):
        asked = {"seed": seed, "max_tokens": 40, "temperature": 1.5}
        content = server.chat(**asked).json()["choices"][0]["message"]["content"]
        pieces = [
            c["choices"][0]["delta"].get("content", "") for c in events(server.chat(**asked, stream=True))
        ]
        assert "".join(pieces) == content


def test_stop_strings_end_the_text_and_are_not_part_of_it(server) -> None:
    asked = {"seed": 5, "max_tokens": 60, "logprobs": True}
    free = server.chat(**asked).json()["choices"][0]
    text = free["message"]["content"]
    stop = text[7:10]
    at = text.index(stop)
    ended = server.chat(**asked, stop=["never written", stop]).json()
    choice = ended["choices"][0]
    assert choice["message"]["content"] == text[:at]
    assert choice["finish_reason"] == "stop"
    drawn = choice["token_ids"]
    assert drawn == free["token_ids"][: len(drawn)]
    assert len(drawn) < len(free["token_ids"])
    assert ended["usage"]["completion_tokens"] == len(drawn)
    pieces = [
        chunk["choices"][0]["delta"].get("content", "")
        for chunk in events(server.chat(**asked, stop=stop, stream=True))
    ]
    assert "".join(pieces) == text[:at]


def test_an_absent_limit_is_the_rest_of_the_context(server, trunk: Trunk, encoder: TextEncoder) -> None:
    body = server.chat(max_tokens=None, seed=2).json()
    assert body["choices"][0]["finish_reason"] in ("stop", "length")
    assert body["usage"]["total_tokens"] <= trunk.context


BAD = [
    ({"messages": []}, "invalid_request", "messages"),
    ({"messages": [{"role": "robot", "content": "hi"}]}, "invalid_request", "messages.0.role"),
    ({"messages": [{"role": "user", "content": ["hi"]}]}, "invalid_request", "messages.0.content"),
    ({"messages": "hi"}, "invalid_request", "messages"),
    ({"model": "gpt-4"}, "invalid_request", "model"),
    ({"model": "../../etc/passwd"}, "invalid_request", "model"),
    ({"n": 0}, "invalid_request", "n:"),
    ({"n": 17}, "invalid_request", "n:"),
    ({"n": True}, "invalid_request", "n:"),
    ({"temperature": -0.1}, "invalid_request", "temperature"),
    ({"temperature": "1"}, "invalid_request", "temperature"),
    ({"top_p": 0}, "invalid_request", "top_p"),
    ({"top_p": 1.1}, "invalid_request", "top_p"),
    ({"max_tokens": 0}, "invalid_request", "max_tokens"),
    ({"seed": 1.5}, "invalid_request", "seed"),
    ({"stop": ""}, "invalid_request", "stop"),
    ({"presence_penalty": 1}, "invalid_request", "presence_penalty"),
    ({"temprature": 1}, "invalid_request", "temprature"),
    ({"max_tokens": 1000}, "context_overflow", "256"),
    ({"messages": [{"role": "user", "content": "x" * 2000}], "max_tokens": None}, "context_overflow", "256"),
]


@pytest.mark.parametrize(("fields", "code", "named"), BAD)
def test_bad_requests_are_refused_by_name(server, fields: dict, code: str, named: str) -> None:
    response = server.chat(**fields)
    assert response.status_code == 400
    body = response.json()
    assert body.keys() == {"code", "message"}
    assert body["code"] == code
    assert named in body["message"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"model": "\\ud800"}', b"[" * 100_000])
def test_what_is_not_json_is_refused(server, body: bytes) -> None:
    response = server.http.post("/v1/chat/completions", content=body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_json")


def test_not_a_number_is_refused(server) -> None:
    body = '{"model":"base","messages":[{"role":"user","content":"hi"}],"temperature":NaN}'
    response = server.http.post("/v1/chat/completions", content=body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")


def test_a_huge_body_is_refused(server) -> None:
    response = server.http.post("/v1/chat/completions", content=b" " * (9 << 20))
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_an_unknown_adapter_is_not_found(server) -> None:
    response = server.chat(model=UNKNOWN)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_routes_and_methods(server) -> None:
    assert server.http.get("/nothing").json()["code"] == "not_found"
    assert server.http.get("/v1/chat/completions").json()["code"] == "method_not_allowed"


def test_after_all_that_the_server_is_idle(server) -> None:
    health = server.http.get("/health").json()
    assert (health["status"], health["inFlight"], health["fingerprint"]) == ("ok", 0, "f" * 64)


def test_a_base_without_a_chat_template_says_so(start, trunk: Trunk) -> None:
    plain = byte_tokenizer()
    plain.chat_template = None
    running = start()
    running.server.chat.encoder = TextEncoder(plain)
    response = running.chat()
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert "chat template" in response.json()["message"]
