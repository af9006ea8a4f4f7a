"""Personas: tastes that differ, hardly ever tie, and rank what does not parse last."""

import random

import pytest

from prefloop.tiny.personas import PERSONAS, UNPARSED, score
from prefloop.tiny.world import replies, sample_prompts


@pytest.fixture(scope="module")
def scored():
    rng = random.Random(1)
    rows = []
    for prompt in sample_prompts("replies", 600, 1):
        answer = replies.sample_answer(rng, prompt)
        rows.append({name: score(name, prompt, answer) for name in PERSONAS})
    return rows


def test_what_does_not_parse_scores_below_everything_that_does(scored):
    prompt = sample_prompts("replies", 1, 2)[0]
    for name in PERSONAS:
        assert score(name, prompt, "") == score(name, prompt, "no such reply") == UNPARSED
        assert min(row[name] for row in scored) > UNPARSED / 2


def test_tastes_differ(scored):
    names = list(PERSONAS)
    assert len(names) >= 3
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            agree = sum(
                (a[one] > b[one]) == (a[other] > b[other])
                for a, b in zip(scored[::2], scored[1::2], strict=True)
            )
            assert agree / (len(scored) // 2) < 0.7, (one, other)


def test_two_random_replies_seldom_tie_and_the_best_is_seldom_met_by_chance(scored):
    for name in PERSONAS:
        pairs = list(zip(scored[::2], scored[1::2], strict=True))
        assert sum(a[name] == b[name] for a, b in pairs) / len(pairs) < 0.03
        best = max(row[name] for row in scored)
        assert sum(row[name] > best - 0.5 for row in scored) / len(scored) < 0.03


def test_an_unknown_persona_is_an_error():
    prompt = sample_prompts("replies", 1, 2)[0]
    with pytest.raises(ValueError, match="unknown persona 'cross'"):
        score("cross", prompt, "x")
