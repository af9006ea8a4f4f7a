"""People of the mixtures' experiment: how they vote, what is known of them, what counts as a win."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "gpu-runner"))

from papers.personal import DEALT, NOISE, Pool, let_vote, pooled_votes, win_rate
from papers.personal_world import PersonalWorld
from prefloop.tiny.world import sample_prompts


@pytest.fixture(scope="module")
def pool() -> Pool:
    """Six made-up replies to each of twenty prompts, and one prompt with too few."""
    rng = np.random.default_rng(0)
    owner_R = np.append(np.repeat(np.arange(20), 6), [20, 20])
    texts = [f"reply {number}" for number in range(len(owner_R))]
    return Pool(sample_prompts("replies", 21, 0, "train"), texts, owner_R, rng.normal(size=(len(owner_R), 5)))


def test_a_vote_picks_one_of_four_replies_to_one_prompt(pool: Pool):
    people = let_vote(pool, 300, 10, np.random.default_rng(1))
    owners = pool.owner_R[people.dealt_PVk]
    assert people.dealt_PVk.shape == (300, 10, DEALT) and (owners == owners[..., :1]).all()
    assert (owners != 20).all() and all(
        len(set(dealt)) == DEALT for dealt in people.dealt_PVk.reshape(-1, DEALT)
    )
    liked = np.einsum("pvka,pa->pvk", pool.style_RA[people.dealt_PVk], people.taste_PA)
    # as often as there is noise it is not the one that is liked best
    assert (liked.argmax(2) != 0).mean() == pytest.approx(NOISE, abs=0.02)


def test_a_pick_is_three_pairs_that_share_its_weight(pool: Pool):
    people = let_vote(pool, 2, 4, np.random.default_rng(1))
    votes = people.votes(1, 2, pool.style_RA)
    assert votes.difference_VK.shape == (6, 5) and votes.weight_V.sum() == pytest.approx(2)
    picked, other = people.dealt_PVk[1, 1, [0, 2]]
    np.testing.assert_array_equal(votes.difference_VK[4], pool.style_RA[picked] - pool.style_RA[other])
    assert len(people.votes(1, 0, pool.style_RA).weight_V) == 0


def test_people_who_are_tested_are_nobody_of_those_learned_from(pool: Pool):
    rng = np.random.default_rng(1)
    known, tested = let_vote(pool, 50, 1, rng), let_vote(pool, 50, 1, rng)
    assert not {tuple(one) for one in known.taste_PA} & {tuple(one) for one in tested.taste_PA}


def test_the_pooled_votes_are_everybodys(pool: Pool):
    found = pooled_votes(pool, let_vote(pool, 3, 4, np.random.default_rng(1)))
    assert len({one.preference for one in found}) == 12
    assert [(pair.chosen, pair.rejected) for pair in found[0].pairs] == [(0, 1), (0, 2), (0, 3)]


def test_the_exact_posterior_gets_nearer_with_votes(pool: Pool):
    people = let_vote(pool, 60, 16, np.random.default_rng(3))

    class Known(PersonalWorld):
        def __init__(self):
            self.context = type("Sizes", (), {"seed": 0, "size": staticmethod(lambda full, quick: 4000)})()  # type: ignore
            self.pool = pool

    known = Known()
    bayes = lambda count: np.stack([known._bayes(people, one, count) for one in range(60)])
    errors = [float(np.square(bayes(count) - people.taste_PA).sum(1).mean()) for count in (0, 4, 16)]
    assert errors[0] > 1.2 * errors[1] > 1.4 * errors[2]


def test_a_win_is_of_the_same_prompt_a_tie_half():
    taste_A = np.array([1.0, 0, 0, 0, 0])
    style = lambda value: np.array([value, 0, 0, 0, 0.0])
    assert win_rate(taste_A, [[style(1.0)]], [[style(0.0), style(1.0), style(2.0), None]]) == pytest.approx(
        0.625
    )
    assert win_rate(taste_A, [[None]], [[style(-9.0)]]) == 0.0
