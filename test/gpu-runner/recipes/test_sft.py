"""SFT on texts: what a vote weighs is what its answer counts."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from random_models import random_trunk

from prefloop.contracts import Example, Pair, SftRecipe
from prefloop.recipes.sft import train_sft
from prefloop.recipes.trained import Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.trunk import Trunk

FORM = {"rank": 4, "lora_alpha": 8.0, "micro_batch": 4, "learning_rate": 3e-3}


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    return random_trunk()


def vote(number: int, weight: float = 1.0) -> Encoded:
    """A ranking of three: its pairs share the weight."""
    generator = torch.Generator().manual_seed(number)
    draw = lambda size: tuple(torch.randint(10, 60, (size,), generator=generator).tolist())
    completions = tuple((*draw(3 + place), 2) for place in range(3))
    share = weight / 3
    pairs = tuple(Pair(chosen=c, rejected=r, p=1.0, weight=share) for c, r in ((1, 0), (1, 2), (0, 2)))
    return Encoded(f"h{number:040}", draw(5), completions, pairs)


def liked(number: int, weight: float | None = None) -> Encoded:
    """One answer, and nothing that it is better than."""
    row = vote(number)
    said = {"preference": row.preference, "prompt": {"text": "?"}, "completions": ["!"], "pairs": []}
    example = Example.model_validate(said | ({} if weight is None else {"weight": weight}))
    return replace(row, completions=row.completions[1:2], pairs=(), example=example)


def train(trunk: Trunk, rows: Sequence[Encoded], epochs: int = 1) -> Trained:
    recipe = SftRecipe(method="sft", epochs=epochs, **FORM)
    return train_sft(trunk, ReferenceCache("test"), None, rows, recipe, lambda: None)


def test_a_vote_of_weight_two_is_the_vote_twice(trunk: Trunk):
    heavy = train(trunk, [vote(0, weight=2.0), vote(1)], epochs=4)
    twice = train(trunk, [vote(0), vote(0), vote(1)], epochs=4)
    once = train(trunk, [vote(0), vote(1)], epochs=4)
    assert heavy.losses == pytest.approx(twice.losses, rel=1e-4)
    change = (heavy.adapter.flat - once.adapter.flat).norm()
    assert (heavy.adapter.flat - twice.adapter.flat).norm() < 0.02 * change


def test_a_vote_of_weight_zero_is_as_good_as_absent(trunk: Trunk):
    """Its place in the mean over preferences is all that is left, as in every other method."""
    weightless = train(trunk, [vote(0, weight=0.0), vote(1)])
    without = train(trunk, [vote(1)])
    for name in ("loss", "gradNorm"):
        assert weightless.metrics[name] == pytest.approx(without.metrics[name] / 2, rel=1e-4)
    assert torch.allclose(weightless.adapter.flat, without.adapter.flat, atol=1e-5)
    nothing = train(trunk, [vote(0, weight=0.0)])
    assert nothing.losses == [0.0] and nothing.metrics["nllLessons"] > 1


def test_an_answer_that_was_liked_without_a_pair_counts_whole_or_as_its_vote_says(trunk: Trunk):
    losses = lambda row: train(trunk, [row, vote(1)]).losses
    assert losses(liked(0)) == losses(vote(0))
    assert losses(liked(0, weight=0.25)) == pytest.approx(losses(vote(0, weight=0.25)), rel=1e-6)
    assert losses(liked(0, weight=0.0)) == losses(vote(0, weight=0.0))
