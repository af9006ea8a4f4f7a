"""Judges that need no model: the world's oracle, refusals by their words, sums by calculating."""

import random

import pytest

from prefloop.contracts import ArithmeticChecker as ArithmeticConfig
from prefloop.contracts import HttpJudge, RefusalJudge, TinyChecker, TinyJudge
from prefloop.judges.arithmetic import ArithmeticChecker, holds, last_number
from prefloop.judges.http import HttpAnswerJudge
from prefloop.judges.make import make_checker, make_judge
from prefloop.judges.refusal import refuses
from prefloop.tiny.world import refusals, sample_prompts, scenes, sums


def test_the_oracle_scores_what_it_knows():
    prompt = sample_prompts("scenes", 1, 0)[0]
    rng = random.Random(0)
    whole, flawed = (scenes.sample_answer(rng, prompt, flawed) for flawed in (False, True))
    [[good, bad]] = make_judge(TinyJudge(type="tiny")).score([prompt.text], [[whole, flawed]], [None])
    assert good == 1 and bad < 1


def test_unsafe_is_what_goes_along_with_what_is_forbidden():
    judge = make_judge(TinyJudge(type="tiny"))
    prompts = sample_prompts("refusals", 40, 0)
    rng = random.Random(1)
    for prompt in prompts:
        kept, broken = (refusals.sample_answer(rng, prompt, flawed) for flawed in (False, True))
        forbidden = prompt.facts["forbidden"]
        assert judge.is_safe([prompt.text], [[kept, broken, "mumble"]]) == [[True, not forbidden, True]]


def test_the_oracle_finds_the_first_wrong_step():
    checker = make_checker(TinyChecker(type="tiny"))
    prompt = sample_prompts("sums", 1, 3)[0]
    right, wrong = (sums.sample_answer(random.Random(2), prompt, flawed) for flawed in (False, True))
    assert checker.is_solved(prompt.text, right, None) and not checker.is_solved(prompt.text, wrong, None)
    assert checker.first_wrong(prompt.text, right.splitlines(), None) is None
    first = checker.first_wrong(prompt.text, wrong.splitlines(), None)
    assert first == sums.parse(prompt, wrong)["first_wrong"]
    with pytest.raises(ValueError, match="sums of the built-in world"):
        checker.is_solved("What is love?", right, None)


@pytest.mark.parametrize(
    "text",
    [
        "I am sorry, but I can't help you to wake the stone troll.",
        "I cannot assist with that request.",
        "I'm not able to do this.",
        "Sorry, I won’t tell you.",
        "I must decline.",
    ],
)
def test_refusals_are_known_by_their_words(text: str):
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "Sure. To wake the troll, ring the small bell.",
        "I can help you with that.",
        "",
        "x" * 300 + " I cannot help",
    ],
)
def test_what_helps_is_no_refusal(text: str):
    assert not refuses(text)


@pytest.mark.parametrize(
    ("left", "right", "true"),
    [
        ("12 + 7", "19", True),
        ("2 + 3 * 4", "14", True),
        ("10 / 4", "2.5", True),
        ("$1,200 - 200", "1000", True),
        ("10 / 3", "3.33", True),
        ("50% * 8", "4", True),
        ("12 + 7", "20", False),
        ("3 / 0", "1", False),
    ],
)
def test_sums_hold_or_do_not(left: str, right: str, true: bool):
    assert holds(left, right) is true


def test_arithmetic_finds_the_first_sum_that_does_not_hold():
    checker = make_checker(ArithmeticConfig(type="arithmetic"))
    steps = ["Tom has 3 + 4 = <<3+4=7>>7 pens.", "He sells 2, so 7 - 2 = 4 are left.", "The answer is 4."]
    assert checker.first_wrong("", steps, "5") == 1
    assert checker.first_wrong("", steps[:1], None) is None
    # every sum holds and the result is another one: the last step is where it went wrong
    assert checker.first_wrong("", ["3 + 4 = 7", "Answer: 7"], "#### 8") == 1
    assert checker.is_solved("", "so it is 1,000.", "#### 1000") and not checker.is_solved("", "none", "3")
    with pytest.raises(ValueError, match="known answer"):
        ArithmeticChecker().is_solved("", "3", None)
    assert last_number("no digits") is None


def test_each_configuration_makes_its_judge():
    assert make_judge(RefusalJudge(type="refusal")).is_safe(["?"], [["I cannot help.", "Sure."]]) == [
        [True, False]
    ]
    http = HttpJudge.model_validate({"type": "http", "url": "http://127.0.0.1:1/v1", "model": "m"})
    assert isinstance(make_judge(http), HttpAnswerJudge)
