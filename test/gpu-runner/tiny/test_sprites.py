"""The image world: captions and pictures say the same, and the oracle reads what was drawn."""

import random

import numpy as np
import pytest

from prefloop.tiny.sprites.attributes import (
    ATTRIBUTES,
    caption_of,
    every_creature,
    read_caption,
    sample_creature,
    sample_known,
)
from prefloop.tiny.sprites.draw import draw, every_drawing
from prefloop.tiny.sprites.reader import accuracy, follows, read_images
from prefloop.tiny.sprites.tastes import AXES, REWARDS, likes, sample_taste


def test_a_caption_says_what_is_known_and_reads_back():
    assert caption_of({}) == "a creature" and read_caption("a creature") == {}
    known = {"palette": "orange", "eyes": "one eye", "hat": "no hat", "ground": "snow"}
    assert caption_of(known) == "an orange creature with one eye and no hat, on snow"
    rng = random.Random(0)
    for _ in range(500):
        known = sample_known(rng, 0, len(ATTRIBUTES))
        assert read_caption(caption_of(known)) == known


@pytest.mark.parametrize(
    "caption", ["", "a red dog", "a creature on mars", "a red small creature", "creature with two eyes"]
)
def test_what_is_no_caption_of_this_world_is_not_read(caption: str):
    assert read_caption(caption) is None


def test_every_creature_has_a_picture_of_its_own():
    pictures = every_drawing()
    assert pictures.shape == (6000, 32, 32, 3) and pictures.dtype == np.uint8
    assert len({picture.tobytes() for picture in pictures}) == len(every_creature()) == 6000
    assert np.array_equal(draw(every_creature()[1234]), pictures[1234])


def test_the_oracle_reads_what_was_drawn_and_through_noise():
    rng, noise = random.Random(0), np.random.default_rng(0)
    creatures = [sample_creature(rng) for _ in range(200)]
    pictures = np.stack([draw(creature) for creature in creatures])
    readings = read_images(pictures)
    assert [reading.creature for reading in readings] == creatures
    assert max(reading.error for reading in readings) < 2e-3
    noisy = read_images(pictures + noise.normal(0, 40, pictures.shape))
    assert accuracy(creatures, noisy) > 0.97
    assert min(reading.error for reading in noisy) > 0.1
    with pytest.raises(ValueError, match=r"\[B, 32, 32, 3\]"):
        read_images(pictures[0])


def test_a_caption_is_followed_as_far_as_what_it_names_is_there():
    creature = every_creature()[0]
    assert follows({}, creature) == 1 and follows(creature, creature) == 1
    other = creature | {"hat": "a crown", "eyes": "three eyes"}
    assert follows(creature, other) == pytest.approx(4 / 6)


def test_tastes_differ_and_what_was_asked_for_comes_first():
    rng = random.Random(0)
    tastes = [sample_taste(rng) for _ in range(400)]
    assert all(sum(weight**2 for weight in taste.values()) == pytest.approx(1) for taste in tastes)
    assert all(abs(sum(taste[axis] for taste in tastes) / 400) < 0.1 for axis in AXES)
    known = {"palette": "red", "hat": "a crown"}
    asked, best = sample_creature(rng, known), max(every_creature(), key=lambda one: likes(tastes[0], one))
    assert follows(known, best) == 1 or likes(tastes[0], best, known) < likes(tastes[0], asked, known) + 2


def test_five_rewards_disagree():
    worth = np.array([[reward.weigh(one) for one in every_creature()] for reward in REWARDS.values()])
    correlation = np.corrcoef(worth)
    assert correlation.shape == (5, 5) and (correlation[np.triu_indices(5, 1)] < 0.1).all()
