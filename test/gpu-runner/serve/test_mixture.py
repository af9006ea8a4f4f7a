"""A personal mixture of adapters answers exactly, and what each adapter thinks of an answer comes along."""

import itertools

import pytest
import torch

from prefloop.adapters.combine import combine
from prefloop.text.completion import Request
from prefloop.text.decode import Decoder
from prefloop.text.encode import TextEncoder
from prefloop.text.log_ratios import log_ratios
from prefloop.text.packing import pack
from prefloop.text.step import completion_logps
from prefloop.text.trunk import Trunk

HI = [{"role": "user", "content": "hi"}]


def parts(shas: list[str], *weights: float) -> list[dict[str, object]]:
    return [{"adapter": sha, "weight": weight} for sha, weight in zip(shas, weights, strict=True)]


def test_the_mixture_is_the_sum_of_what_its_adapters_add(
    server, trunk: Trunk, encoder: TextEncoder, adapters
) -> None:
    shas = list(adapters)[:3]
    weights = (0.7, -0.4, 0.2)
    response = server.chat(model="mixture", mixture=parts(shas, *weights), temperature=0, logprobs=True)
    assert response.headers["x-prefloop-adapter"] == "mixture"
    combined = combine([adapters[sha] for sha in shas], weights)
    decoder = Decoder(trunk, encoder.end_ids)
    (expected,) = decoder.submit(
        Request(encoder.prompt_ids(HI), adapter=combined, temperature=0.0, max_tokens=8)
    )
    while not decoder.idle:
        decoder.step()
    assert response.json()["choices"][0]["token_ids"] == expected.token_ids
    # and that is the dense sum, layer by layer
    for path, (a_rI, b_Or) in combined.pairs.items():
        dense = sum(
            weight * adapters[sha].scale * adapters[sha].pairs[path][1] @ adapters[sha].pairs[path][0]
            for sha, weight in zip(shas, weights, strict=True)
            if path in adapters[sha].pairs
        )
        torch.testing.assert_close(combined.scale * b_Or @ a_rI, dense, atol=1e-5, rtol=1e-4)


def test_one_adapter_whole_is_that_adapter_and_weights_make_a_difference(server, adapters) -> None:
    sha, other = list(adapters)[:2]
    said = lambda **fields: server.chat(temperature=0, logprobs=True, **fields).json()["choices"][0][
        "token_ids"
    ]
    assert said(model="mixture", mixture=parts([sha], 1.0)) == said(model=sha)
    answers = [
        said(model="mixture", mixture=parts([sha, other], w, 1 - w)) for w in (-1.0, 0.0, 0.5, 1.0, 2.0)
    ]
    assert any(one != two for one, two in itertools.pairwise(answers))


def test_log_ratios_are_those_of_each_adapter_alone(
    server, trunk: Trunk, encoder: TextEncoder, adapters
) -> None:
    shas = list(adapters)[:3]
    choices = server.chat(n=2, seed=3, basis=shas, logprobs=True).json()["choices"]
    prompt = encoder.prompt_ids(HI)
    for choice in choices:
        packed = pack([(prompt, [choice["token_ids"]])], trunk.device)
        with torch.no_grad():
            base = completion_logps(trunk, packed, [None])[0, 0]
            alone = [completion_logps(trunk, packed, [adapters[sha]])[0, 0] - base for sha in shas]
        expected = [float(value) / len(choice["token_ids"]) for value in alone]
        assert choice["log_ratios"] == pytest.approx(expected, abs=1e-4)


def test_texts_of_others_have_log_ratios_too(server, trunk: Trunk, encoder: TextEncoder, adapters) -> None:
    shas, texts = list(adapters)[:2], ["hello", "good day to you"]
    asked = {"basis": shas, "messages": HI, "completions": texts}
    found = server.http.post("/v1/log-ratios", json=asked).json()["log_ratios"]
    ids = [encoder.completion_ids(text) for text in texts]
    expected = log_ratios(trunk, [adapters[sha] for sha in shas], encoder.prompt_ids(HI), ids)
    assert found == [pytest.approx(row, abs=1e-4) for row in expected]
    assert abs(expected[0][0] - expected[1][0]) > 1e-3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": "mixture"}, "mixture goes with the model mixture"),
        ({"mixture": [{"adapter": "0" * 64, "weight": 1.0}]}, "mixture goes with the model mixture"),
        ({"model": "mixture", "mixture": []}, "mixture"),
        ({"model": "mixture", "mixture": [{"adapter": "0" * 64, "weight": 11.0}]}, "weight"),
        ({"basis": ["0" * 64], "stream": True}, "basis goes without stream"),
        ({"basis": ["short"]}, "basis"),
    ],
)
def test_nonsense_is_refused(server, fields, message: str) -> None:
    response = server.chat(**fields)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert message in response.json()["message"]


def test_an_unknown_adapter_of_a_mixture_is_not_found(server) -> None:
    unknown = [{"adapter": "0" * 64, "weight": 1.0}]
    assert server.chat(model="mixture", mixture=unknown).status_code == 404
    assert server.chat(basis=["0" * 64]).status_code == 404
