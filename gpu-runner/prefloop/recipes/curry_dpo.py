"""Curry-DPO (Pattnaik et al. 2024, arXiv 2403.07230): ranked answers as pairs, the easy ones first.

Of every list the best answer is chosen over each other one; the further apart the two are, the easier the pair. Stage by
stage the pairs get harder, and each stage starts from a new reference, the policy as the stage before left it, with a
new optimiser: its margin begins at 0 again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from prefloop.adapters.lora import moved
from prefloop.contracts import CurryDpoRecipe, Pair
from prefloop.recipes.agreement import measure_agreement
from prefloop.recipes.dpo import dpo_objective
from prefloop.recipes.policy import Policy, new_policy
from prefloop.recipes.preference import begin, finish, policy_step
from prefloop.recipes.reference import adapter_reference, base_reference
from prefloop.recipes.steps import run_steps
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import StepMetrics, completion_logps, pair_batch
from prefloop.text.trunk import Trunk

ROWS = 16


@dataclass(frozen=True)
class Curriculum:
    """stages: rows of one pair each, the easiest first. ties: answers left out because they are rated like the best."""

    stages: tuple[tuple[Encoded, ...], ...]
    ties: int


def train_curry_dpo(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: CurryDpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    """Raises ValueError for a stage without a pair."""
    policy = begin(trunk, start, rows, recipe)
    base = base_reference(trunk, cache, rows)
    before = measure_agreement(trunk, policy.adapter, rows, base) if start else {}
    gaps = [rating_gaps(row) for row in rows]
    if recipe.difficulty == "margin":
        gaps = [model_gaps(trunk, policy, row, known) for row, known in zip(rows, gaps, strict=True)]
    curriculum = arrange(rows, gaps, recipe.stages)

    objective = dpo_objective(recipe.beta, "sigmoid", recipe.label_smoothing, recipe.sft_weight)
    done: list[StepMetrics] = []
    firsts: list[float] = []
    for number, stage in enumerate(curriculum.stages):
        if not stage:
            raise ValueError(
                f"stage {number + 1} of {recipe.stages} has no pair: give longer lists or fewer stages"
            )
        reference = base_reference(trunk, cache, stage)
        if recipe.renew_reference and (start or number):
            reference = adapter_reference(trunk, moved(policy.adapter, trunk.device).freeze(), stage)
        policy = new_policy(policy.adapter, recipe.learning_rate, recipe.weight_decay)
        step = policy_step(trunk, policy, objective, recipe)
        steps = run_steps(trunk, reference, stage, recipe, step, on_step, part=f" stage {number}")
        firsts.append(steps[0].loss)
        done += steps
    more = {"stages": float(len(firsts)), "droppedTies": float(curriculum.ties)}
    return finish(policy, recipe, done, before | more | {"firstLoss": sum(firsts) / len(firsts)})


def rating_gaps(row: Encoded) -> dict[int, float]:
    """{answer: how far it is rated below the best}; those that are rated like the best are not there."""
    assert row.example is not None and row.example.ratings is not None
    ratings = row.example.ratings
    best = max(ratings)
    return {i: best - rating for i, rating in enumerate(ratings) if rating < best}


@torch.no_grad()
def model_gaps(trunk: Trunk, policy: Policy, row: Encoded, known: dict[int, float]) -> dict[int, float]:
    """{answer: how much less likely per token than the best the model finds it}, of the answers of `known`."""
    packed = pair_batch([row], trunk.device).packed
    lengths_N = packed.lengths_U[packed.distinct_N]
    means = (completion_logps(trunk, packed, [policy.adapter])[0] / lengths_N).tolist()
    return {i: means[_best(row)] - means[i] for i in known}


def arrange(rows: Sequence[Encoded], gaps: Sequence[dict[int, float]], stages: int) -> Curriculum:
    """The n pairs of a list go to the stages by the order of their gaps: n / stages of them to each."""
    staged: list[list[Encoded]] = [[] for _ in range(stages)]
    ties = 0
    for row, known in zip(rows, gaps, strict=True):
        ties += len(row.completions) - 1 - len(known)
        easiest_first = sorted(known, key=lambda i: (-known[i], i))
        for place, worse in enumerate(easiest_first):
            weight = sum(pair.weight for pair in row.pairs)
            pair = Pair(chosen=0, rejected=1, p=_certainty(row), weight=weight)
            texts = (row.completions[_best(row)], row.completions[worse])
            stage = place * stages // len(easiest_first)
            staged[stage].append(replace(row, completions=texts, pairs=(pair,)))
    return Curriculum(tuple(map(tuple, staged)), ties)


def _best(row: Encoded) -> int:
    assert row.example is not None and row.example.ratings is not None
    return row.example.ratings.index(max(row.example.ratings))


def _certainty(row: Encoded) -> float:
    """How sure the voter was: the p of the pairs that take a side."""
    return max(pair.p for pair in row.pairs)
