"""The image world of the experiments: what is voted on, what is asked for in the test, and what is liked."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "gpu-runner"))

from papers.context import Context
from papers.personal_pictures import SUPPORT, PersonalPictures
from papers.picture_world import DEALT, PictureWorld, Seen, win_rate
from prefloop.tiny.sprites.voters import draw_tastes


def test_nobody_votes_on_what_is_asked_for_in_the_test():
    world = PictureWorld(3, 200, 12)
    assert len(set(world.captions)) == 12
    assert world.deals.captions and not set(world.captions) & set(world.deals.captions)
    assert len(world.deals.creatures) == len(world.deals.captions)


def test_pairs_of_a_ranking_share_the_weight_of_one_vote():
    world = PictureWorld(0, 40, 4)
    places_M = torch.tensor([0, 1])
    phi_Mk = torch.tensor([[0.0, 1.0, 0.5, 0.5], [1.0, 0.0, 0.0, 0.0]])
    batch = world.ranked(places_M, phi_Mk, torch.Generator().manual_seed(0))
    pairs = list(zip(batch.chosen_B.tolist(), batch.rejected_B.tolist(), strict=True))
    assert pairs == [(1, 0), (1, 2), (1, 3), (2, 0), (3, 0), (4, 5), (4, 6), (4, 7)]
    torch.testing.assert_close(batch.weight_B, torch.tensor([0.2] * 5 + [1 / 3] * 3))
    assert torch.equal(batch.latents[0], world.latents_C[world.deals.creatures[0, 0]])


def test_a_picture_is_liked_for_what_it_shows_and_not_without_what_was_asked_for():
    seen = Seen(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([0.0, 1.0]))
    likes_B = seen.likes(torch.tensor([0.5, 0.5]))
    assert likes_B.tolist() == [0.5, -1.5]
    assert win_rate(likes_B, torch.tensor([[0.5, 0.0], [0.0, -2.0]])).tolist() == [0.75, 0.5]


def test_the_exact_posterior_turns_towards_the_taste_with_every_vote():
    pictures = PersonalPictures(Context(0, quick=True))
    tastes_PK = draw_tastes(40, torch.Generator().manual_seed(1))
    places_PV = pictures.world.deals.sample(40, SUPPORT, torch.Generator().manual_seed(2))
    picked_PV = pictures.world.picks(tastes_PK, places_PV, torch.Generator().manual_seed(3))
    along = [
        torch.cosine_similarity(pictures.posterior_mean(places_PV, picked_PV, count), tastes_PK).mean().item()
        for count in (1, 4, 16)
    ]
    assert 0.2 < along[0] < along[1] < along[2]


def test_people_are_known_by_their_first_votes_alone():
    pictures = PersonalPictures(Context(0, quick=True))
    _, places_PV, picked_PV = pictures.people(6)
    known = lambda count: pictures.embed(places_PV, picked_PV, torch.full((6,), count))
    later = picked_PV.clone()
    later[:, 2:] = (later[:, 2:] + 1) % DEALT
    torch.testing.assert_close(known(2), pictures.embed(places_PV, later, torch.full((6,), 2)))
    assert not torch.allclose(known(3), pictures.embed(places_PV, later, torch.full((6,), 3)))
