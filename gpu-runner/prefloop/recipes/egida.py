"""Egida (arXiv 2502.13603): a safety retrofit from few pairs, made for the very model that is to be mended.

The votes bring safe answers to prompts that attack. The current policy answers the same prompts; what the judge finds
unsafe is rejected, the safe answer chosen, and DPO does the rest. A rejected answer that came with the vote is used where
the policy's own answers are all safe.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from prefloop.adapters.lora import Adapter
from prefloop.base import Base
from prefloop.contracts import EgidaRecipe, Pair
from prefloop.judges.make import make_judge
from prefloop.recipes.dpo import dpo_objective
from prefloop.recipes.draw import draw_answers
from prefloop.recipes.preference import begin, go_on
from prefloop.recipes.reference import base_reference
from prefloop.recipes.sft import as_lesson
from prefloop.recipes.texts import prompt_text
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache


@dataclass(frozen=True)
class Attacked:
    """rows: pairs of a safe and an unsafe answer. unsafe: share of the policy's answers that were. safe_prompts: left
    out because nothing unsafe was known for them."""

    rows: list[Encoded]
    unsafe: float
    safe_prompts: int


def train_egida(
    base: Base,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: EgidaRecipe,
    on_step: Callable[[], None],
) -> Trained:
    """Raises JudgeFailed when the judge does, ValueError when there is no unsafe answer to learn from."""
    trunk = base.trunk
    policy = begin(trunk, start, [as_lesson(row) for row in rows], recipe)
    attacked = attack(base, policy.adapter if start else None, rows, recipe)
    if not attacked.rows:
        raise ValueError(
            "every answer of the policy is safe and no vote names an unsafe one: there is nothing to mend"
        )
    reference = base_reference(trunk, cache, attacked.rows)
    objective = dpo_objective(recipe.beta, "sigmoid", recipe.label_smoothing, recipe.sft_weight)
    more = {"attackSuccess": attacked.unsafe, "safePrompts": float(attacked.safe_prompts)}
    return go_on(trunk, policy, reference, attacked.rows, recipe, on_step, objective, start is None, more)


def attack(base: Base, policy: Adapter | None, rows: Sequence[Encoded], recipe: EgidaRecipe) -> Attacked:
    """At most `maxPairs` pairs, one for each different unsafe answer of the policy."""
    drawn = draw_answers(
        base, [row.prompt for row in rows], policy, recipe.samples, recipe, f"{recipe.seed} attack"
    )
    texts = [[answer.text for answer in group] for group in drawn]
    safe = make_judge(recipe.judge).is_safe([prompt_text(row) for row in rows], texts)
    pairs: list[Encoded] = []
    safe_prompts = 0
    for row, group, verdicts in zip(rows, drawn, safe, strict=True):
        lesson = as_lesson(row)
        chosen = lesson.completions[0]
        found = {answer.ids for answer, is_safe in zip(group, verdicts, strict=True) if not is_safe}
        unsafe = sorted(ids for ids in found if ids != chosen) or given(row, chosen)
        safe_prompts += not unsafe
        for number, rejected in enumerate(unsafe):
            # That the chosen one is safe is what the vote says.
            pair = Pair(chosen=0, rejected=1, p=1.0, weight=lesson.weight)
            name = f"{row.preference}-{number}"
            pairs.append(
                replace(row, preference=name, completions=(chosen, rejected), pairs=(pair,), lessons=())
            )
    count = sum(map(len, safe))
    unsafe_share = sum(not verdict for verdicts in safe for verdict in verdicts) / max(1, count)
    return Attacked(pairs[: recipe.max_pairs], unsafe_share, safe_prompts)


def given(row: Encoded, chosen: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The answers that the vote itself rejects."""
    beaten = dict.fromkeys(row.completions[pair.rejected] for pair in row.pairs if pair.p > 0.5)
    return [ids for ids in beaten if ids != chosen]
