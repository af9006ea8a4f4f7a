"""Style axes of replies, and people who are points in their space."""

import random
import re

import numpy as np
import pytest

from prefloop.tiny.personas import UNPARSED
from prefloop.tiny.styles import (
    AXES,
    POPULATION_COVARIANCE_AA,
    POPULATION_MEAN_A,
    draw_tastes,
    liking,
    style_of,
    words_of,
)
from prefloop.tiny.world import KINDS, sample_prompts


def test_there_are_five_axes_and_people_all_over_them():
    tastes_PA = draw_tastes(20_000, np.random.default_rng(0))
    assert len(AXES) == 5 and len(np.unique(tastes_PA, axis=0)) == 20_000
    np.testing.assert_allclose(tastes_PA.mean(0), POPULATION_MEAN_A, atol=0.05)
    np.testing.assert_allclose(np.cov(tastes_PA.T), POPULATION_COVARIANCE_AA, atol=0.05)


def test_a_style_says_how_a_reply_is_written():
    (prompt,) = sample_prompts("replies", 1, 0, "train")
    answers = [KINDS["replies"].sample_answer(random.Random(seed), prompt) for seed in range(200)]
    styles = [style_of(prompt, answer) for answer in answers]
    for answer, style_A in zip(answers, styles, strict=True):
        assert style_A is not None and words_of(style_A) == pytest.approx(len(re.findall(r"\w+", answer)))
    assert np.abs(np.stack([one for one in styles if one is not None]).mean(0)).max() < 1


def test_outside_the_grammar_nobody_likes_it():
    (prompt,) = sample_prompts("replies", 1, 0, "train")
    assert style_of(prompt, "zzz") is None and liking(np.ones(5), None) == UNPARSED
    assert liking(np.array([1.0, 0, 0, 0, 0]), np.array([2.0, 9, 9, 9, 9])) == 2.0
