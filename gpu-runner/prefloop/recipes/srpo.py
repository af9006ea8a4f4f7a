"""SRPO (Choi et al. 2024, arXiv 2406.01660): one model that answers and that improves answers.

Of every pair six sequences are scored: both answers to the prompt, and both as revisions of either draft. Three prompts
are run, each once, and what they begin with only once for all; the reference is looked up. `objectives.srpo` joins them in one squared loss.

Shapes: B pairs · N = 6 B completions: y_w, y_l to x; y_w, y_l after y_l; y_w, y_l after y_w.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from torch import Tensor

from prefloop.base import Base
from prefloop.contracts import SrpoRecipe
from prefloop.objectives.margins import PairLogps, PairLosses
from prefloop.objectives.srpo import RevisionLogRatios, srpo
from prefloop.recipes.agreement import measure_agreement
from prefloop.recipes.preference import begin, finish
from prefloop.recipes.reference import base_reference
from prefloop.recipes.steps import run_steps
from prefloop.recipes.trained import Start, Trained
from prefloop.text.encode import WORTH_SHARING, Encoded, TextEncoder, common_beginning
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.revise import revision_messages
from prefloop.text.step import Outcome, PairBatch, StepMetrics, pair_batch, train_step


def train_srpo(
    base: Base,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: SrpoRecipe,
    on_step: Callable[[], None],
) -> Trained:
    """Raises ValueError when no pair fits the context with its drafts."""
    trunk = base.trunk
    longest = min(recipe.max_length, trunk.context)
    triples, left_out = unfold(base.encoder, rows, recipe.revision, longest)
    if not triples:
        raise ValueError(f"no pair fits {longest} tokens together with a draft: raise maxLength")
    answers = [triple[0] for triple in triples.values()]
    sequences = [row for triple in triples.values() for row in triple]
    policy = begin(trunk, start, answers, recipe)
    reference = base_reference(trunk, cache, sequences)
    before = measure_agreement(trunk, policy.adapter, answers, reference) if start else {}

    def step(batch: PairBatch, reference_N: Tensor) -> StepMetrics:
        def objective(batch: PairBatch, _: Sequence[PairLogps], logps_PN: Tensor) -> Outcome:
            return outcome_of(batch, logps_PN[0] - reference_N, recipe)

        return train_step(
            trunk, batch, [policy.adapter], [policy.optimizer], objective, reference_N, recipe.max_grad_norm
        )

    def batch_of(chosen: Sequence[Encoded]) -> PairBatch:
        return pair_batch([row for one in chosen for row in triples[one.preference]], trunk.device)

    done = run_steps(trunk, reference, answers, recipe, step, on_step, batch_of=batch_of)
    return finish(policy, recipe, done, before | {"tooLongToRevise": float(left_out)})


def unfold(
    encoder: TextEncoder, rows: Sequence[Encoded], template: str, longest: int
) -> tuple[dict[str, tuple[Encoded, Encoded, Encoded]], int]:
    """({name: (x; x with y_l as draft; x with y_w as draft)} of every pair, pairs that are too long so)."""
    triples: dict[str, tuple[Encoded, Encoded, Encoded]] = {}
    left_out = 0
    for row in rows:
        for number, pair in enumerate(row.pairs):
            name = f"{row.preference}-{number}"
            chosen, rejected = row.completions[pair.chosen], row.completions[pair.rejected]
            pair = pair.model_copy(update={"chosen": 0, "rejected": 1})
            asked = replace(row, preference=name, completions=(chosen, rejected), pairs=(pair,))
            after_l, after_w = (
                replace(asked, prompt=_revision_ids(encoder, row, draft, template), pairs=())
                for draft in (rejected, chosen)
            )
            longer = max(len(after_l.prompt), len(after_w.prompt)) + max(len(chosen), len(rejected))
            if longer > longest:
                left_out += 1
            else:
                triples[name] = _sharing(asked, after_l, after_w)
    return triples, left_out


def _sharing(*rows: Encoded) -> tuple[Encoded, Encoded, Encoded]:
    common = common_beginning([row.prompt for row in rows])
    first, second, third = (replace(row, shared=common if common >= WORTH_SHARING else 0) for row in rows)
    return first, second, third


def outcome_of(batch: PairBatch, ratios_N: Tensor, recipe: SrpoRecipe) -> Outcome:
    h = ratios_N.view(-1, 6).unbind(1)
    ratios = RevisionLogRatios(
        h_w_B=h[0],
        h_l_B=h[1],
        h_w_after_l_B=h[2],
        h_l_after_l_B=h[3],
        h_w_after_w_B=h[4],
        h_l_after_w_B=h[5],
    )
    losses = srpo(
        ratios,
        recipe.beta,
        recipe.alpha,
        p_B=batch.p_B,
        weight_B=batch.weight_B,
        label_smoothing=recipe.label_smoothing,
    )
    extra = {
        "jointLoss": losses.joint_B.detach().mean(),
        "improvementLoss": losses.improvement_B.detach().mean(),
    }
    shown = PairLosses(losses.losses_B, losses.chosen_rewards_B, losses.rejected_rewards_B)
    return Outcome(losses.losses_B, shown, losses.chosen_rewards_B - losses.rejected_rewards_B, extra)


def _revision_ids(
    encoder: TextEncoder, row: Encoded, draft: tuple[int, ...], template: str
) -> tuple[int, ...]:
    assert row.example is not None
    prompt, text = row.example.prompt, encoder.decode(draft)
    if prompt.text is not None:
        return tuple(
            encoder.prompt_ids({"text": template.replace("{prompt}", prompt.text).replace("{draft}", text)})
        )
    messages = [message.model_dump() for message in prompt.messages or ()]
    return tuple(encoder.prompt_ids({"messages": revision_messages(messages, text, template)}))
