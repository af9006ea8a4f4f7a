"""mrDPO (Tang et al. 2024, arXiv 2410.06682): rounds of DPO, after each of which the LoRA is merged and begun anew.

A round lets the current policy answer every prompt several times, has the answers judged, and trains a fresh LoRA on the
best against the worst of them, held by the cross-entropy of the known answer. Then the LoRA is merged: the merged policy
is the next round's reference. Merging is exact and costs the base nothing: the factors of all rounds lie side by side
along the rank, and only those of the current round are trained.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from prefloop.adapters.combine import combine, shrink
from prefloop.adapters.lora import Adapter, empty_adapter
from prefloop.base import Base
from prefloop.contracts import MrDpoRecipe, Pair
from prefloop.judges.make import make_judge
from prefloop.objectives.dpo import dpo
from prefloop.objectives.margins import PairLogps
from prefloop.recipes.draw import Drawn, draw_answers
from prefloop.recipes.policy import Policy, new_policy
from prefloop.recipes.preference import fresh
from prefloop.recipes.reference import Reference, adapter_reference, base_reference
from prefloop.recipes.sft import lesson_losses
from prefloop.recipes.steps import Step, counted, run_steps, summarise
from prefloop.recipes.texts import prompt_text
from prefloop.recipes.trained import Start, Trained, form_of
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import Objective, Outcome, PairBatch, StepMetrics, train_step
from prefloop.text.trunk import Trunk


def train_mrdpo(
    base: Base,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: MrDpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    """Raises ValueError when no round finds two answers of which one is better, JudgeFailed when the judge does."""
    if recipe.weight_decay:
        raise ValueError("mrdpo has no weightDecay: it would wear down the rounds that are merged already")
    trunk = base.trunk
    merged: Adapter | None = _merged_of(start, trunk, recipe) if start else None
    done: list[StepMetrics] = []
    scores: list[float] = []
    for number in range(recipe.rounds):
        taught, score = prepare(base, merged, rows, recipe, number)
        scores += [] if score is None else [score]
        if not taught:
            continue
        reference = (
            adapter_reference(trunk, merged, taught) if merged else base_reference(trunk, cache, taught)
        )
        merged, steps = train_round(trunk, merged, reference, taught, recipe, number, on_step)
        done += steps
    if merged is None or not done:
        raise ValueError("no prompt got two answers of which one is better: there is nothing to learn from")
    published, lost = shrink(merged, recipe.merged_rank)
    metrics = summarise(done) | {"rounds": float(recipe.rounds), "mergeLost": lost}
    if scores:
        metrics |= {"scoreFirst": scores[0], "scoreLast": scores[-1]}
    return Trained(
        published.freeze(),
        {"merged.weights": published.flat.detach()},
        {"form": form_of(recipe), "rank": published.r, "alpha": published.alpha},
        [metrics.loss for metrics in counted(done)],
        metrics,
    )


def prepare(
    base: Base, policy: Adapter | None, rows: Sequence[Encoded], recipe: MrDpoRecipe, number: int
) -> tuple[list[Encoded], float | None]:
    """(rows of one round, mean score of what the policy wrote). Without resampling: the votes, and None.

    A prompt whose answers are all alike teaches its known answer alone.
    """
    if not recipe.resample:
        return [_with_answer(base, row) for row in rows], None
    prompts = [row.prompt for row in rows]
    drawn = draw_answers(base, prompts, policy, recipe.samples, recipe, f"{recipe.seed} round {number}")
    judge = make_judge(recipe.judge)
    texts = [[answer.text for answer in group] for group in drawn]
    answers = [row.example.prompt.answer if row.example else None for row in rows]
    scores = judge.score([prompt_text(row) for row in rows], texts, answers)
    taught = []
    for row, group, values in zip(rows, drawn, scores, strict=True):
        pair = _best_and_worst(group, values)
        completions = tuple(answer.ids for answer in pair)
        pairs = (Pair(chosen=0, rejected=1, p=1.0, weight=1.0),) if pair else ()
        lesson = _with_answer(base, replace(row, completions=completions, pairs=pairs))
        if lesson.completions:
            taught.append(lesson)
    flat = [value for values in scores for value in values]
    return taught, sum(flat) / len(flat) if flat else None


def _best_and_worst(group: Sequence[Drawn], values: Sequence[float]) -> tuple[Drawn, ...]:
    """Empty when the judge finds no difference."""
    if not group or max(values) == min(values):
        return ()
    return group[values.index(max(values))], group[values.index(min(values))]


def _with_answer(base: Base, row: Encoded) -> Encoded:
    """The known answer as one more completion, to be imitated."""
    answer = row.example.prompt.answer if row.example else None
    if answer is None:
        return row
    ids = tuple(base.encoder.completion_ids(answer))
    return replace(row, completions=(*row.completions, ids), lessons=(len(row.completions),))


def train_round(
    trunk: Trunk,
    merged: Adapter | None,
    reference: Reference,
    rows: Sequence[Encoded],
    recipe: MrDpoRecipe,
    number: int,
    on_step: Callable[[], None],
) -> tuple[Adapter, list[StepMetrics]]:
    """(everything merged, the round's steps)."""
    begun = fresh(trunk, recipe, seed=number + (merged.r if merged else 0))
    parts = [merged, begun] if merged else [begun]
    policy = combine(parts, [1.0] * len(parts), begun.scale)
    trained = new_policy(policy, recipe.learning_rate, 0.0)
    step = _masked_step(trunk, trained, new_part(policy, begun.r), guided(recipe), recipe)
    return policy, run_steps(trunk, reference, rows, recipe, step, on_step, part=f" round {number}")


def guided(recipe: MrDpoRecipe) -> Objective:
    """L_gDPO = L_DPO + ceWeight · CE(known answer), both per prompt (the paper's guided loss)."""

    def objective(batch: PairBatch, logps: Sequence[PairLogps], logps_PN: Tensor) -> Outcome:
        losses = dpo(logps[0], recipe.beta, recipe.label_smoothing, batch.p_B, batch.weight_B)
        total = losses.losses_B.sum()
        extra = {}
        if batch.lessons_K.numel():
            nll_K = lesson_losses(batch, logps_PN[0])
            total = total + recipe.ce_weight * nll_K.sum()
            extra = {"nllLessons": nll_K.detach().mean()}
        return Outcome(total, losses, recipe.beta * logps[0].log_ratio_margin_B.detach(), extra)

    return objective


def new_part(adapter: Adapter, rank: int) -> Tensor:
    """1 where the flat buffer belongs to the last `rank` ranks, 0 elsewhere."""
    sizes = {path: (a.shape[1], b.shape[0]) for path, (a, b) in adapter.pairs.items()}
    mask = empty_adapter(sizes, adapter.r, adapter.alpha, adapter.flat.device)
    with torch.no_grad():
        for a_rI, b_Or in mask.pairs.values():
            a_rI[-rank:] = 1
            b_Or[:, -rank:] = 1
    return mask.flat.detach()


def _masked_step(
    trunk: Trunk, policy: Policy, mask: Tensor, objective: Objective, recipe: MrDpoRecipe
) -> Step:
    """What is merged stays as it is, to the bit."""

    def step(batch: PairBatch, reference_N: Tensor) -> StepMetrics:
        return train_step(
            trunk,
            batch,
            [policy.adapter],
            [policy.optimizer],
            objective,
            reference_N,
            recipe.max_grad_norm,
            [mask],
        )

    return step


def _merged_of(start: Start, trunk: Trunk, recipe: MrDpoRecipe) -> Adapter:
    """The parent as it was before it was rounded to be published; another method's as it was published."""
    if not start.tensors:
        return start.adapter
    with torch.no_grad():
        start.adapter.flat.copy_(start.tensors["merged.weights"])
    return start.adapter
