"""num_beams, revise and credit over the wire."""

import pytest

from prefloop.adapters.lora import Adapter
from prefloop.text.beam import beam_search
from prefloop.text.encode import TextEncoder
from prefloop.text.revise import DEFAULT_REVISION, revision_text
from prefloop.text.trunk import Trunk
from prefloop.tiny.world import rewrites

HI = [{"role": "user", "content": "hi"}]


def test_beams_are_searched_under_the_adapter(
    server, trunk: Trunk, encoder: TextEncoder, adapters: dict[str, Adapter]
) -> None:
    sha, adapter = next(iter(adapters.items()))
    response = server.chat(model=sha, num_beams=4, max_tokens=12, logprobs=True)
    assert response.status_code == 200 and response.headers["x-prefloop-adapter"] == sha
    expected = beam_search(trunk, encoder.prompt_ids(HI), adapter, 4, 12, encoder.end_ids)[0]
    assert response.json()["choices"][0]["token_ids"] == list(expected.token_ids)


def test_an_answer_is_bettered_so_many_times_and_its_drafts_come_along(server) -> None:
    asked = {"seed": 5, "max_tokens": 8}
    first = server.chat(**asked).json()["choices"][0]
    assert "drafts" not in first
    choice = server.chat(**asked, revise=2).json()["choices"][0]
    assert choice["drafts"][0] == first["message"]["content"] and len(choice["drafts"]) == 2
    wished = [{"role": "user", "content": revision_text("hi", choice["drafts"][1])}]
    again = server.chat(messages=wished, seed=7, max_tokens=8).json()["choices"][0]
    assert choice["message"]["content"] == again["message"]["content"]


def test_revising_ends_when_nothing_changes(server) -> None:
    # greedy, and a request that does not change with the draft's wording: the second revision is the first one again
    asked = {"temperature": 0, "max_tokens": 6, "revise": 8, "revision": "{prompt}{draft}"}
    assert len(server.chat(**asked).json()["choices"][0]["drafts"]) <= 8


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"num_beams": 2, "n": 2}, "num_beams"),
        ({"num_beams": 2, "stream": True}, "num_beams"),
        ({"num_beams": 2, "stop": "x"}, "num_beams"),
        ({"num_beams": 17}, "num_beams"),
        ({"revise": 1, "stream": True}, "revise"),
        ({"revise": 9}, "revise"),
        ({"revise": 1, "revision": "better, please"}, "revision"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(server, fields, named: str) -> None:
    response = server.chat(**fields)
    assert response.status_code == 400 and named in response.json()["message"]


def test_the_default_request_for_a_revision_is_the_one_that_the_built_in_model_knows() -> None:
    assert revision_text("p", "d") == rewrites.revision_text("p", "d")
    # what a draft says of its own is left alone
    assert revision_text("a {draft}", "b {prompt}") == DEFAULT_REVISION.replace(
        "{prompt}", "a {draft}", 1
    ).replace("Draft:\n{draft}", "Draft:\nb {prompt}")


def test_credit_is_a_number_for_each_token_and_sums_to_the_reward(
    server, encoder: TextEncoder, adapters: dict[str, Adapter]
) -> None:
    sha = next(iter(adapters))
    body = {"model": sha, "messages": HI, "completion": "this and that", "beta": 0.2}
    response = server.http.post("/v1/credit", json=body)
    answer = response.json()
    assert response.status_code == 200 and response.headers["x-prefloop-adapter"] == sha
    tokens = answer["tokens"]
    assert [token["id"] for token in tokens] == encoder.completion_ids("this and that")
    assert answer["reward"] == pytest.approx(sum(token["credit"] for token in tokens))
    first = tokens[0]
    assert first["credit"] == pytest.approx(0.2 * (first["logprob"] - first["reference_logprob"]))
    assert server.http.post("/v1/credit", json=body | {"model": "base"}).json()["reward"] == 0
    refused = server.http.post("/v1/credit", json=body | {"completion": "that " * 2000})
    assert refused.status_code == 400 and refused.json()["code"] == "context_overflow"
