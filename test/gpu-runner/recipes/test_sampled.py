"""Recipes that let the model write before they train: on a random model, with judges that like one thing."""

from collections.abc import Sequence

import pytest
import torch
from device import DEVICE, to_the_bit
from random_base import FORM, example, files_of, new_base, run, served

from prefloop.base import Base
from prefloop.contracts import EgidaRecipe, MrDpoRecipe, PpoRecipe, RebirthRecipe, StepDpoRecipe
from prefloop.judges.judge import JudgeFailed
from prefloop.recipes import egida, mrdpo, step_dpo
from prefloop.recipes.draw import draw_answers
from prefloop.text.packing import pack
from prefloop.text.step import completion_logps

SAMPLED = FORM | {"samples": 4, "max_tokens": 12}
ANSWER = {"prompt": {"answer": "the one"}}


class LikesShort:
    """Short answers are good, long ones are unsafe."""

    def score(self, prompts: Sequence[str], answers, references) -> list[list[float]]:
        return [[-float(len(text)) for text in group] for group in answers]

    def is_safe(self, prompts: Sequence[str], answers) -> list[list[bool]]:
        return [[len(text) < 12 for text in group] for group in answers]


class Fails:
    def score(self, *_):
        raise JudgeFailed("no verdict")

    is_safe = first_wrong = is_solved = score


class EveryEvenIsSolved:
    """Of texts: solved when their length is even; the first step is always the wrong one."""

    def first_wrong(self, prompt, steps, answer) -> int:
        return 0

    def is_solved(self, prompt, text, answer) -> bool:
        return len(text) % 2 == 0


@pytest.fixture(scope="module")
def base() -> Base:
    return new_base(many_ends=True)


def votes(count: int, **more):
    return [example(n, [f"the one {n}", f"the other, and that {n}"], **more) for n in range(count)]


def test_draws_depend_on_prompt_and_seed_alone(base: Base):
    prompts = [(5, 6, 7), (8, 9), (10, 11, 12, 13)]
    recipe = MrDpoRecipe(method="mrdpo", **SAMPLED)
    together = draw_answers(base, prompts, None, 3, recipe, "seed")
    alone = [draw_answers(base, [prompt], None, 3, recipe, "seed")[0] for prompt in prompts]
    assert together == alone
    assert together != draw_answers(base, prompts, None, 3, recipe, "other")
    assert draw_answers(base, [tuple(range(5, 5 + base.trunk.context))], None, 2, recipe, "seed") == [[]]


@to_the_bit
def test_mrdpo_merges_its_rounds_exactly_and_each_begins_at_ln_2(base: Base, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mrdpo, "make_judge", lambda _: LikesShort())
    recipe = MrDpoRecipe(method="mrdpo", rounds=3, beta=0.5, merged_rank=64, **SAMPLED)
    trained = run(base, recipe, votes(4, **ANSWER))
    assert trained.adapter.r == 12 and trained.metrics["mergeLost"] == 0
    assert trained.losses == pytest.approx([0.693147] * 3, abs=1e-5)
    assert {"scoreFirst", "scoreLast", "nllLessons"} <= trained.metrics.keys()
    first = run(base, recipe.model_copy(update={"rounds": 1}), votes(4, **ANSWER))
    for path, (a_rI, b_Or) in first.adapter.pairs.items():
        # what was merged is as it was, to the bit
        assert torch.equal(trained.adapter.pairs[path][0][:4], a_rI)
        assert torch.equal(trained.adapter.pairs[path][1][:, :4], b_Or)


def test_mrdpo_goes_on_from_its_merged_rounds_and_cuts_them_to_a_rank(
    base: Base, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mrdpo, "make_judge", lambda _: LikesShort())
    recipe = MrDpoRecipe(method="mrdpo", rounds=2, beta=0.5, merged_rank=10, **SAMPLED)
    first = run(base, recipe, votes(4, **ANSWER))
    second = run(base, recipe, votes(4, **ANSWER), files_of(base, first))
    assert first.adapter.r == 8 and second.adapter.r == 10 and 0 < second.metrics["mergeLost"] < 1


def test_mrdpo_on_votes_needs_no_judge(base: Base, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mrdpo, "make_judge", lambda _: Fails())
    recipe = MrDpoRecipe(method="mrdpo", resample=False, ce_weight=0.0, **SAMPLED)
    assert run(base, recipe, votes(4)).metrics["rounds"] == 3
    with pytest.raises(ValueError, match="weightDecay"):
        run(base, recipe.model_copy(update={"weight_decay": 0.1}), votes(4))


def test_rebirth_teaches_a_fresh_adapter_what_the_line_says_and_what_the_base_says(base: Base):
    replayed = ["that and this", "the other"]
    recipe = RebirthRecipe(
        method="rebirth", replay=0.5, replay_prompts=replayed, **SAMPLED | {"max_tokens": 60, "epochs": 3}
    )
    with pytest.raises(ValueError, match="no adapter yet"):
        run(base, recipe, votes(2))
    monkey = run(base, PpoRecipe(method="ppo", **FORM, max_tokens=12), votes(2))
    trained = run(base, recipe, votes(4), files_of(base, monkey))
    assert 0 < trained.metrics["replayed"] <= trained.metrics["lessons"]
    assert trained.losses[-1] < trained.losses[0]


def test_egida_pairs_the_safe_answer_with_the_policys_unsafe_ones(
    base: Base, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(egida, "make_judge", lambda _: LikesShort())
    recipe = EgidaRecipe(method="egida", beta=0.5, max_pairs=6, **SAMPLED)
    trained = run(base, recipe, [example(n, [f"no {n}"], ratings=[1.0]) for n in range(6)])
    assert 0 < trained.metrics["attackSuccess"] <= 1 and trained.metrics["pairs"] <= 6
    assert trained.losses[0] == pytest.approx(0.693147, abs=1e-5)


def test_egida_without_anything_unsafe_learns_from_what_the_votes_reject_or_not_at_all(
    base: Base, monkeypatch: pytest.MonkeyPatch
):
    class AllSafe(LikesShort):
        def is_safe(self, prompts, answers):
            return [[True for _ in group] for group in answers]

    monkeypatch.setattr(egida, "make_judge", lambda _: AllSafe())
    recipe = EgidaRecipe(method="egida", **SAMPLED)
    assert run(base, recipe, votes(3)).metrics["pairs"] == 3
    with pytest.raises(ValueError, match="nothing to mend"):
        run(base, recipe, [example(1, ["no"], ratings=[1.0])])


def test_step_dpo_mends_marked_and_found_steps(base: Base, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(step_dpo, "make_checker", lambda _: EveryEvenIsSolved())
    recipe = StepDpoRecipe(method="step-dpo", corrections=6, **SAMPLED | {"max_tokens": 40})
    marks = [example(n, [f"the wrong step {n}\n"], prefix="the first step\n", **ANSWER) for n in range(3)]
    trained = run(base, recipe, marks)
    assert trained.metrics["wrongSteps"] == 3 and trained.metrics["stepPairs"] > 0
    assert trained.losses[0] == pytest.approx(0.693147, abs=1e-5)
    found = run(base, recipe, votes(4, **ANSWER))
    assert found.metrics["wrongSteps"] > 0


def test_pairs_that_a_recipe_makes_of_a_vote_count_what_the_vote_counts(
    base: Base, monkeypatch: pytest.MonkeyPatch
):
    """The loss begins at ln 2 times the weight."""
    monkeypatch.setattr(step_dpo, "make_checker", lambda _: EveryEvenIsSolved())
    monkeypatch.setattr(egida, "make_judge", lambda _: LikesShort())
    steps = StepDpoRecipe(method="step-dpo", corrections=6, **SAMPLED | {"max_tokens": 40})
    mark = {"prefix": "the first step\n", **ANSWER}
    safe = EgidaRecipe(method="egida", beta=0.5, **SAMPLED)

    def first(weight: float) -> list[float]:
        marks = [example(n, [f"the wrong step {n}\n"], **mark, weight=weight) for n in range(3)]
        liked = [example(n, [f"no {n}"], ratings=[1.0], weight=weight) for n in range(6)]
        return [run(base, steps, marks).losses[0], run(base, safe, liked).losses[0]]

    assert first(0.25) == pytest.approx([0.25 * 0.693147] * 2, abs=1e-5)
    assert first(1.0) == pytest.approx([0.693147] * 2, abs=1e-5)


def test_a_step_with_an_empty_prefix_and_an_end_is_an_answer(base: Base):
    """Step-DPO on whole answers is DPO."""
    whole = base.encoder.encode(votes(1)[0], 200)
    step = base.encoder.encode(votes(1, prefix="")[0], 200)
    assert step.prompt == whole.prompt
    assert [(*ids, base.encoder.end_id) for ids in step.completions] == list(whole.completions)


@pytest.mark.parametrize(
    ("module", "recipe", "examples"),
    [
        (mrdpo, MrDpoRecipe(method="mrdpo", **SAMPLED), votes(2, **ANSWER)),
        (egida, EgidaRecipe(method="egida", **SAMPLED), votes(2)),
        (step_dpo, StepDpoRecipe(method="step-dpo", **SAMPLED), votes(2, **ANSWER)),
    ],
    ids=["mrdpo", "egida", "step-dpo"],
)
def test_a_judge_that_fails_fails_the_batch(
    base: Base, monkeypatch: pytest.MonkeyPatch, module, recipe, examples
):
    name = "make_checker" if module is step_dpo else "make_judge"
    monkeypatch.setattr(module, name, lambda _: Fails())
    with pytest.raises(JudgeFailed):
        run(base, recipe, examples)


def test_ppo_trains_a_reward_model_and_then_the_policy(base: Base):
    recipe = PpoRecipe(method="ppo", reward_epochs=6, rollouts=2, inner_epochs=2, **FORM, max_tokens=12)
    trained = run(base, recipe, votes(8))
    assert trained.metrics["rewardAccuracy"] > 0.9
    again = run(base, recipe, votes(8), files_of(base, trained))
    assert again.metrics["rewardLoss"] < trained.metrics["rewardLoss"]
    packed = pack([((5, 6, 7), [(8, 9, 0)])], DEVICE)
    with torch.no_grad():
        ours, theirs = completion_logps(base.trunk, packed, [served(base, trained), None])
    assert not torch.equal(ours, theirs)


@to_the_bit
@pytest.mark.parametrize("recipe", [PpoRecipe(method="ppo", **FORM, max_tokens=12)], ids=["ppo"])
def test_the_same_votes_make_the_same_bytes(base: Base, recipe):
    first, second = (files_of(base, run(base, recipe, votes(4))) for _ in range(2))
    assert first == second
