"""What a recipe cannot use is refused before any training, with its reason."""

import pytest
from pydantic import TypeAdapter
from random_base import example, new_base

from prefloop.contracts import Recipe
from prefloop.learn import encode_rows

PAIR = example(0, ["the one", "the other"])
LIST = example(1, ["the one", "the other", "that"], ratings=[3, 2, 1])
LIKED = example(2, ["the one"], ratings=[1.0])
MARK = example(3, ["the one\n"], prefix="")
METHODS = ["dpo", "ofs-dpo", "flex-dpo", "ln-dpo", "simpo", "asft", "orpo", "srpo", "ppo"]


def reason_of(method: str, one, **fields) -> str | None:
    recipe = TypeAdapter(Recipe).validate_python({"method": method} | fields)
    _, refused = encode_rows(new_base(), [one], recipe)
    return refused[0].reason if refused else None


@pytest.mark.parametrize("method", METHODS)
def test_pair_methods_take_pairs_and_lists_and_nothing_else(method: str):
    assert [reason_of(method, one) for one in (PAIR, LIST)] == [None, None]
    assert [reason_of(method, one) for one in (LIKED, MARK)] == ["needsPair", "needsPair"]


@pytest.mark.parametrize(
    ("method", "one", "reason"),
    [
        ("curry-dpo", PAIR, "needsRanking"),
        ("curry-dpo", LIST, None),
        ("curry-dpo", example(4, ["a", "b", "c"], ratings=[1, 1, 1]), "equalRatings"),
        ("cofs-dpo", PAIR, "needsTopic"),
        ("cofs-dpo", example(5, ["a", "b"], prompt={"topic": "x"}), None),
        ("mrdpo", PAIR, "needsAnswer"),
        ("mrdpo", example(6, ["a", "b"], prompt={"answer": "a"}), None),
        ("step-dpo", PAIR, "needsSteps"),
        ("step-dpo", LIKED, "needsSteps"),
        ("step-dpo", MARK, None),
        ("step-dpo", example(7, ["a", "b"], prompt={"answer": "a"}), None),
        ("sft", LIKED, None),
        ("sft", MARK, "needsPair"),
        ("egida", LIKED, None),
        ("rebirth", LIKED, None),
    ],
)
def test_the_others_say_what_they_need(method: str, one, reason: str | None):
    assert reason_of(method, one) == reason


def test_mrdpo_without_its_guide_needs_no_answer():
    assert reason_of("mrdpo", PAIR, ceWeight=0) is None
    assert reason_of("mrdpo", LIKED, ceWeight=0, resample=False) == "needsPair"
