"""Figures of an evaluation: what they are where the truth is known."""

import json

import numpy as np
import pytest

from prefloop.evaluation.exports import Answered, alpaca_eval, lm_eval
from prefloop.evaluation.kappa import kappa
from prefloop.evaluation.overlap import bleu, rouge_l
from prefloop.evaluation.win_rate import length_controlled, win_rate


def test_ties_count_a_half_and_the_interval_holds_the_value():
    measured = win_rate([1, 1, 0.5, 0])
    assert measured.value == 0.625 and measured.low < 0.625 < measured.high and measured.n == 4
    assert win_rate([1.0] * 9).low == 1
    assert win_rate([1, 0, 1, 1], seed=3) == win_rate([1, 0, 1, 1], seed=3)


def test_at_equal_lengths_nothing_is_taken_out():
    wins = [1, 1, 1, 0]
    assert length_controlled(wins, [5] * 4, [5] * 4).value == pytest.approx(0.75)


def test_a_judge_of_length_alone_is_seen_through():
    generator = np.random.default_rng(0)
    ours, theirs = generator.integers(30, 60, 400), generator.integers(20, 50, 400)
    wins = (ours > theirs) + 0.5 * (ours == theirs)
    assert win_rate(wins.tolist()).value > 0.7
    assert length_controlled(wins.tolist(), ours.tolist(), theirs.tolist()).value == pytest.approx(
        0.5, abs=0.06
    )


def test_what_is_better_at_any_length_stays_better():
    generator = np.random.default_rng(1)
    ours, theirs = generator.integers(20, 60, 400), generator.integers(20, 60, 400)
    wins = (generator.random(400) < 0.8).astype(float)
    measured = length_controlled(wins.tolist(), ours.tolist(), theirs.tolist())
    assert measured.low < wins.mean() < measured.high and measured.low > 0.7


@pytest.mark.parametrize("wins", [[], [2.0], [-1.0]])
def test_what_is_no_comparison_is_refused(wins):
    with pytest.raises(ValueError):
        win_rate(wins)


def test_overlap_of_texts():
    text = "the cat sat on the mat, and it slept"
    assert bleu([text], [text]) == pytest.approx(1)
    assert bleu([text], ["nothing of that sort is here at all"]) < 0.1
    # five of ten words, all four of the shorter text: 2 * 4 / (4 + 6)
    assert rouge_l("a b c d", "a x b c y d") == pytest.approx(0.8)
    assert rouge_l("", "a") == 0
    # a short answer is held to the reference's length
    assert bleu(["the cat sat on"], [text]) < 0.5
    with pytest.raises(ValueError):
        bleu([], [])


def test_agreement_beyond_chance():
    assert kappa([1, 0, 1, 0], [1, 0, 1, 0]) == 1
    assert kappa([1, 1, 0, 0], [1, 0, 1, 0]) == 0
    assert kappa([1, 1], [1, 1]) == 1
    assert kappa([True, True, False, False], [True, True, False, True]) == pytest.approx(0.5)


def test_files_hold_what_others_read():
    answers = [
        Answered("Hi?", [{"role": "user", "content": "Hi?"}], "Ho.", "Ho"),
        Answered("So?", "So?", "“So”"),
    ]
    rows = json.loads(alpaca_eval(answers, "prefloop", "made"))
    assert rows[0] == {"dataset": "made", "instruction": "Hi?", "output": "Ho.", "generator": "prefloop"}
    lines = [json.loads(line) for line in lm_eval(answers, {"temperature": 1.0}).splitlines()]
    assert [line["doc_id"] for line in lines] == [0, 1]
    assert lines[1]["resps"] == [["“So”"]] and lines[1]["filtered_resps"] == ["“So”"]
    assert {"doc", "target", "arguments", "doc_hash", "prompt_hash", "target_hash"} <= lines[0].keys()
