"""A set encoder fitted to people's votes: what it knows of somebody before and after a vote."""

import pytest
import torch

from prefloop.taste.fit import DrawVotes, FitOptions, Votes, accuracy, fit_set_encoder
from prefloop.taste.set_encoder import SetEncoderShape

SIZE, VOTES = 6, 12
SHAPE = SetEncoderShape(SIZE, tokens=2, width=8, hidden=24, rounds=2)


def options(steps: int) -> FitOptions:
    return FitOptions(steps, people=64, support=VOTES - 1)


def people(common: float) -> DrawVotes:
    """Everybody likes the sum of the features, so much of each taste; the rest is a direction of one's own."""

    def draw(count: int, generator: torch.Generator) -> Votes:
        own_BF = torch.nn.functional.normalize(torch.randn((count, SIZE), generator=generator), dim=1)
        taste_BF = common * torch.full((SIZE,), SIZE**-0.5) + (1 - common) * own_BF
        pair_2BVF = torch.randn((2, count, VOTES, SIZE), generator=generator)
        is_first_BV = torch.einsum("bvf,bf->bv", pair_2BVF[0] - pair_2BVF[1], taste_BF) > 0
        first_BVF = is_first_BV[..., None]
        chosen, rejected = (
            torch.where(first_BVF, one, other) for one, other in (tuple(pair_2BVF), tuple(pair_2BVF.flip(0)))
        )
        return Votes(chosen, rejected, torch.ones(count, VOTES))

    return draw


def known(common: float, steps: int, *counts: int) -> list[float]:
    draw = people(common)
    fitted = fit_set_encoder(draw, SHAPE, options(steps))
    votes = draw(1000, torch.Generator().manual_seed(9))
    return [accuracy(fitted, votes, count)[0] for count in counts]


def test_what_everybody_likes_is_known_without_a_vote() -> None:
    none, some = known(1.0, 200, 0, 4)
    assert some > 0.95
    assert none > some - 0.02


def test_a_taste_of_ones_own_is_known_from_votes_alone() -> None:
    none, some = known(0.0, 600, 0, 4)
    assert abs(none - 0.5) < 0.03
    assert some > 0.65


def test_who_has_one_vote_teaches_nothing() -> None:
    def draw(count: int, generator: torch.Generator) -> Votes:
        votes = people(0.0)(count, generator)
        return Votes(votes.chosen_BVF[:, :1], votes.rejected_BVF[:, :1], votes.weight_BV[:, :1])

    with pytest.raises(ValueError, match="two votes at least"):
        fit_set_encoder(draw, SHAPE, options(1))
