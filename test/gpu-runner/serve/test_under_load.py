import asyncio
import json
import random
from concurrent.futures import ThreadPoolExecutor

import httpx
from running_server import Running, Start

from prefloop.adapters.lora import Adapter
from prefloop.text.completion import Request
from prefloop.text.decode import Decoder
from prefloop.text.encode import TextEncoder
from prefloop.text.trunk import Trunk

PROMPTS = ["hi", "this and that", "日本語"]


def expected_tokens(trunk: Trunk, encoder: TextEncoder, adapters: dict[str, Adapter | None]) -> dict:
    """(model, prompt, seed) -> token ids, each decoded alone."""
    wanted = {}
    for sha, adapter in adapters.items():
        for prompt in PROMPTS:
            for seed in (0, 1):
                decoder = Decoder(trunk, encoder.end_ids, slots=1)
                ids = encoder.prompt_ids([{"role": "user", "content": prompt}])
                (completion,) = decoder.submit(Request(ids, 12, adapter, seed=seed))
                while not decoder.idle:
                    decoder.step()
                wanted[sha, prompt, seed] = completion.token_ids
    return wanted


def test_hundreds_of_requests_while_adapters_come_and_go(
    start: Start, trunk: Trunk, encoder: TextEncoder, adapters: dict[str, Adapter]
) -> None:
    """More adapters than fit, unloaded at random under their requests: every answer is that of the adapter it names."""
    models = {"base": None, **adapters}
    wanted = expected_tokens(trunk, encoder, models)
    assert len(
        {tuple(ids) for (_, prompt, seed), ids in wanted.items() if (prompt, seed) == ("hi", 0)}
    ) == len(models)
    running = start(slots=16, max_adapters=5, queue=1000)
    rng = random.Random(0)
    plan = [(sha, rng.choice(PROMPTS), rng.choice([0, 1]), rng.random() < 0.3) for sha in [*models] * 24]
    rng.shuffle(plan)

    async def ask(http: httpx.AsyncClient, sha: str, prompt: str, seed: int, stream: bool) -> None:
        messages = [{"role": "user", "content": prompt}]
        body = {
            "model": sha,
            "messages": messages,
            "seed": seed,
            "max_tokens": 12,
            "logprobs": True,
            "stream": stream,
        }
        for _ in range(6000):
            response = await http.post("/v1/chat/completions", json=body)
            if response.status_code != 503:
                break
            # every adapter that fits is in use: the one refusal there may be
            assert response.json()["code"] == "adapters_busy"
            await asyncio.sleep(0.05)
        assert response.status_code == 200
        assert response.headers["x-prefloop-adapter"] == sha
        assert token_ids(response.text, stream) == wanted[sha, prompt, seed]

    async def unload_at_random(http: httpx.AsyncClient) -> None:
        while True:
            await http.post("/v1/adapters/unload", json={"sha": rng.choice([*adapters])})
            await asyncio.sleep(0.01)

    async def go() -> None:
        limits = httpx.Limits(max_connections=48)
        async with httpx.AsyncClient(base_url=running.url, timeout=300, limits=limits) as http:
            unloading = asyncio.create_task(unload_at_random(http))
            await asyncio.gather(*(ask(http, *asked) for asked in plan))
            unloading.cancel()

    asyncio.run(go())
    assert running.http.get("/health").json()["inFlight"] == 0


def token_ids(body: str, stream: bool) -> list[int]:
    if not stream:
        return json.loads(body)["choices"][0]["token_ids"]
    lines = body.strip().split("\n\n")
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    return [token for chunk in chunks for token in chunk["choices"][0].get("token_ids", [])]


def long_request(running: Running, stream: bool) -> dict:
    return {
        "model": "base",
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 200,
        "temperature": 0,
        "stream": stream,
    }


def test_a_client_that_leaves_frees_its_slot(start: Start) -> None:
    running = start(slots=2, queue=0, end_ids=())
    expected = running.chat(seed=1, max_tokens=30, logprobs=True).json()["choices"]
    steps = running.stepwise()
    decoder = running.server.engine.decoder
    with running.http.stream("POST", "/v1/chat/completions", json=long_request(running, True)) as stream:
        lines = stream.iter_lines()
        next(lines)
        steps.release(3)
        running.wait_for(lambda: len(decoder.writing) == 1)
    with ThreadPoolExecutor(1) as pool:
        leaving = pool.submit(
            httpx.post, f"{running.url}/v1/chat/completions", json=long_request(running, False), timeout=1.0
        )
        assert isinstance(leaving.exception(), httpx.ReadTimeout)
    running.wait_for(lambda: running.in_flight() == 0)
    steps.release(300)
    assert running.chat(seed=1, max_tokens=30, logprobs=True).json()["choices"] == expected
    running.wait_for(lambda: decoder.idle)


def test_a_full_queue_refuses_with_a_time_to_come_back(start: Start) -> None:
    running = start(slots=1, queue=1)
    steps = running.stepwise()
    with (
        running.http.stream("POST", "/v1/chat/completions", json=long_request(running, True)) as first,
        running.http.stream("POST", "/v1/chat/completions", json=long_request(running, True)) as second,
    ):
        lines = [stream.iter_lines() for stream in (first, second)]
        assert all(next(each) for each in lines)
        refused = running.chat()
        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert int(refused.headers["retry-after"]) >= 1
        assert running.in_flight() == 2
    steps.release(1000)
    running.wait_for(lambda: running.in_flight() == 0)
    assert running.chat().status_code == 200


def test_beams_wait_in_the_same_queue(start: Start) -> None:
    running = start(slots=1, queue=3)
    assert running.chat(num_beams=4, max_tokens=4).status_code == 200
    assert running.in_flight() == 0
    refused = running.chat(num_beams=5, max_tokens=4)
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    steps = running.stepwise()
    with running.http.stream("POST", "/v1/chat/completions", json=long_request(running, True)) as first:
        lines = first.iter_lines()
        next(lines)
        assert running.chat(num_beams=4, max_tokens=4).status_code == 503
    steps.release(1000)


def test_a_failed_step_fails_its_requests_and_no_later_one(start: Start, trunk: Trunk) -> None:
    running = start()
    expected = running.chat(seed=1).json()["choices"]
    running.server.engine.decoder.cache.keys.clear()  # the next step cannot go on
    failed = running.chat(seed=1)
    assert (failed.status_code, failed.json()["code"]) == (500, "inference_failed")
    assert running.chat(seed=1).json()["choices"] == expected


def test_the_key_is_asked_for_everywhere_but_at_health(start: Start) -> None:
    running = start(key="sesame")
    refused = [
        running.chat(),
        running.http.get("/v1/models"),
        running.http.post("/v1/adapters/load", json={"sha": "0" * 64}),
        running.http.post("/v1/adapters/unload", json={"sha": "0" * 64}),
        running.http.get("/v1/models", headers={"authorization": "Bearer sesam"}),
    ]
    assert {(r.status_code, r.json()["code"]) for r in refused} == {(401, "unauthorized")}
    assert running.http.get("/health").status_code == 200
    assert running.http.get("/v1/models", headers={"authorization": "Bearer sesame"}).status_code == 200


def test_stopping_lets_open_answers_end(start: Start) -> None:
    running = start(end_ids=())
    steps = running.stepwise()
    with running.http.stream("POST", "/v1/chat/completions", json=long_request(running, True)) as stream:
        lines = stream.iter_lines()
        next(lines)
        running.uvicorn.should_exit = True
        running.wait_for(lambda: not accepts(running.url))
        steps.release(1000)
        assert [line for line in lines if line][-1] == "data: [DONE]"
    running.thread.join(timeout=120)
    assert not running.thread.is_alive()


def accepts(url: str) -> bool:
    try:
        httpx.get(f"{url}/health")
    except httpx.TransportError:
        return False
    return True
