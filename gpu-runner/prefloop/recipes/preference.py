"""One adapter trained on pairs: what the methods share that differ in their loss alone."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from torch import Tensor

from prefloop.adapters.lora import Adapter, new_adapter
from prefloop.objectives.margins import PairLogps, PairLosses
from prefloop.objectives.sft import sft
from prefloop.recipes.agreement import measure_agreement
from prefloop.recipes.kinds import TextRecipe
from prefloop.recipes.policy import Policy, new_policy, restore
from prefloop.recipes.reference import Reference, base_reference, no_reference
from prefloop.recipes.steps import Step, counted, run_steps, summarise
from prefloop.recipes.trained import Start, Trained, form_of
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import Objective, Outcome, PairBatch, StepMetrics, check_start, pair_batch, train_step
from prefloop.text.trunk import Trunk

# (pairs, p_B, weight_B) → losses: one of `objectives`, its hyper-parameters bound
PairLoss = Callable[[PairLogps, Tensor, Tensor], PairLosses]


def train_on_pairs(
    trunk: Trunk,
    cache: ReferenceCache,
    start: Start | None,
    rows: Sequence[Encoded],
    recipe: TextRecipe,
    on_step: Callable[[], None],
    objective: Objective,
    has_reference: bool = True,
) -> Trained:
    """One batch. The same parent, rows and recipe give the same adapter, bit for bit on a CPU.

    Raises ValueError when a fresh adapter is not the reference, or when the numbers are not finite.
    """
    policy = begin(trunk, start, rows, recipe)
    reference = base_reference(trunk, cache, rows) if has_reference else no_reference
    return go_on(trunk, policy, reference, rows, recipe, on_step, objective, is_new=start is None)


def go_on(
    trunk: Trunk,
    policy: Policy,
    reference: Reference,
    rows: Sequence[Encoded],
    recipe: TextRecipe,
    on_step: Callable[[], None],
    objective: Objective,
    is_new: bool,
    more: Mapping[str, float] = MappingProxyType({}),
) -> Trained:
    """The steps of a policy that has begun, on rows that it may have made itself. more: further metrics."""
    before = {} if is_new else measure_agreement(trunk, policy.adapter, rows, reference)
    step = policy_step(trunk, policy, objective, recipe)
    done = run_steps(trunk, reference, rows, recipe, step, on_step)
    return finish(policy, recipe, done, {**before, **more})


def begin(trunk: Trunk, start: Start | None, rows: Sequence[Encoded], recipe: TextRecipe) -> Policy:
    """The parent's adapter with its moments, or a fresh one: then the margin at step 0 must be exactly 0."""
    if start is None:
        adapter = fresh(trunk, recipe)
        check_start(trunk, pair_batch(rows[:2], trunk.device), [adapter])
        return new_policy(adapter, recipe.learning_rate, recipe.weight_decay)
    policy = new_policy(start.adapter, recipe.learning_rate, recipe.weight_decay)
    if start.tensors:
        restore(policy, "policy", start.tensors)
    return policy


def fresh(trunk: Trunk, recipe: TextRecipe, seed: int = 0) -> Adapter:
    """seed: added to the recipe's, for those that begin several."""
    targets = recipe.targets if isinstance(recipe.targets, str) else list(recipe.targets)
    return new_adapter(trunk.layers, recipe.rank, recipe.lora_alpha, recipe.seed + seed, targets)


def policy_step(trunk: Trunk, policy: Policy, objective: Objective, recipe: TextRecipe) -> Step:
    def step(batch: PairBatch, reference_N: Tensor) -> StepMetrics:
        return train_step(
            trunk, batch, [policy.adapter], [policy.optimizer], objective, reference_N, recipe.max_grad_norm
        )

    return step


def finish(
    policy: Policy, recipe: TextRecipe, done: Sequence[StepMetrics], more: Mapping[str, float]
) -> Trained:
    losses = [metrics.loss for metrics in counted(done)]
    facts = {"form": form_of(recipe)}
    return Trained(
        policy.adapter.freeze(), policy.tensors("policy"), facts, losses, {**more, **summarise(done)}
    )


def plain(loss: PairLoss, sft_weight: float = 0.0) -> Objective:
    """The objective of a loss on pairs, with an SFT term if wanted; its margin is the difference of the two rewards."""

    def objective(batch: PairBatch, logps: Sequence[PairLogps], _: Tensor) -> Outcome:
        losses = loss(logps[0], batch.p_B, batch.weight_B)
        total_B = with_sft(losses.losses_B, batch, logps[0], sft_weight)
        return Outcome(total_B, losses, losses.chosen_rewards_B - losses.rejected_rewards_B)

    return objective


def with_sft(losses_B: Tensor, batch: PairBatch, logps: PairLogps, sft_weight: float) -> Tensor:
    """What is differentiated; what is reported is the loss alone."""
    return losses_B + sft_weight * sft(logps, batch.p_B, batch.weight_B) if sft_weight else losses_B
