"""Mixtures of adapters: every row its own weights, exactly the dense sum, whoever is in the same batch."""

import math

import pytest
import torch
from random_models import random_model, random_trunk, strong_adapter

from prefloop.adapters.adapted_linear import Rows
from prefloop.adapters.combine import combine
from prefloop.adapters.lora import Adapter
from prefloop.adapters.mixture import Mixture, mix, parts_of
from prefloop.adapters.stack import Stack, StackedRows
from prefloop.text.attention import PackedAttention
from prefloop.text.completion import Request
from prefloop.text.decode import Decoder
from prefloop.text.packing import pack
from prefloop.text.trunk import Trunk

WEIGHTS = (0.3, -0.2, 0.1)
PROMPT, COMPLETION = [5, 9, 200, 17], [31, 8, 254, 77, 3]
TEXT = PROMPT + COMPLETION


def basis(trunk: Trunk) -> list[Adapter]:
    """Ranks and targets differ."""
    targets: list[str | list[str]] = ["all-linear", ["q_proj", "down_proj"], "all-linear"]
    return [strong_adapter(trunk, seed, r=2 + seed, targets=targets[seed]) for seed in range(3)]


def merged(adapters: list[Adapter], weights: tuple[float, ...]) -> torch.Tensor:
    """Logits of the model whose dense weights are W + Σ w ΔW, run the way transformers does."""
    model = random_model()
    with torch.no_grad():
        for adapter, weight in zip(adapters, weights, strict=True):
            for path, (a_rI, b_Or) in adapter.pairs.items():
                model.get_submodule(path).weight += weight * adapter.scale * b_Or @ a_rI
        return model(torch.tensor([TEXT], device=model.device)).logits[0]


@torch.no_grad()
def logits(trunk: Trunk, mixed: list[Adapter | Mixture | None]) -> tuple[torch.Tensor, torch.Tensor]:
    """[rows, tokens, V] of the same text through each of them: by ranges (training, prompts), and stacked (decoding)."""
    packed = pack([(PROMPT, [COMPLETION])], trunk.device).repeated(len(mixed))
    rows: Rows = [(len(TEXT), one) for one in mixed]
    distinct = list({id(adapter): adapter for one in mixed for adapter, _ in parts_of(one)}.values())
    stacked = StackedRows(Stack(distinct), rows, trunk.device)
    layout = PackedAttention(packed.segments)
    runs = [
        trunk.packed_hidden(packed, rows),
        trunk.hidden(packed.ids_T[None], packed.positions_T[None], layout, stacked)[0],
    ]
    ranges, decoding = (trunk.head.logits(hidden_TH).view(len(mixed), len(TEXT), -1) for hidden_TH in runs)
    return ranges, decoding


def test_logits_are_those_of_the_merged_dense_weights_whoever_is_in_the_batch() -> None:
    trunk = random_trunk()
    adapters = basis(trunk)
    others = (-0.3, 0.0, 0.25)
    mixed = [mix(adapters, WEIGHTS), None, adapters[0], mix(adapters, others), mix(adapters[:1], [-0.2])]
    dense = [WEIGHTS, (), (1.0,), others, (-0.2,)]
    for found in logits(trunk, mixed):
        for row, weights in zip(found, dense, strict=True):
            expected = merged(adapters[: len(weights)], weights)
            torch.testing.assert_close(row, expected, atol=1e-4, rtol=0)
            assert row is found[1] or weights == () or (row - found[1]).abs().max() > 1e-2


def test_it_is_the_one_adapter_that_combining_makes_and_an_adapter_that_comes_twice_counts_twice() -> None:
    trunk = random_trunk()
    adapters = basis(trunk)
    combined = combine(adapters, WEIGHTS).freeze()
    twice = mix([adapters[0], *adapters], [0.1, WEIGHTS[0] - 0.1, *WEIGHTS[1:]])
    for found in logits(trunk, [mix(adapters, WEIGHTS), combined, twice]):
        torch.testing.assert_close(found[0], found[1], atol=1e-4, rtol=0)
        torch.testing.assert_close(found[0], found[2], atol=1e-4, rtol=0)


def test_people_who_share_a_basis_are_answered_together_as_each_alone() -> None:
    trunk = random_trunk()
    adapters = basis(trunk)
    wished = [mix(adapters, (w, -w, 0.3 - w)) for w in (-0.3, -0.1, 0.0, 0.2, 0.4)]

    def write(some: list[Mixture]) -> list[list[int]]:
        decoder = Decoder(trunk, [0], slots=4)
        jobs = [decoder.submit(Request(PROMPT, 24, one, seed=3, temperature=0.7)) for one in some]
        while not decoder.idle:
            decoder.step()
            assert len(decoder._stack.adapters) <= len(adapters)
        return [completion.token_ids for (completion,) in jobs]

    together = write(wished)
    assert together == [write([one])[0] for one in wished]
    assert len({tuple(ids) for ids in together}) > 1


def test_an_adapter_that_overflows_harms_no_row_whose_mixture_leaves_it_out() -> None:
    trunk = random_trunk()
    good, bad = strong_adapter(trunk, 0), strong_adapter(trunk, 1)
    with torch.no_grad():
        bad.flat.fill_(1e30)
    for found in logits(trunk, [mix([good, bad], [0.5, 0.0]), mix([good, bad], [0.5, 0.1])]):
        torch.testing.assert_close(found[0], merged([good], (0.5,)), atol=1e-4, rtol=0)
        assert not found[1].isfinite().all()


@pytest.mark.parametrize("weights", [[], [1.0, 2.0], [math.nan], [math.inf]])
def test_weights_that_make_no_mixture_are_refused(weights: list[float]) -> None:
    adapter = strong_adapter(random_trunk(), 0)
    with pytest.raises(ValueError, match="weight"):
        mix([adapter], weights)
