"""DPO, and its siblings IPO and hinge: one adapter, one objective. Order: shuffled each epoch."""

from collections.abc import Callable, Sequence

from prefloop.contracts import DpoRecipe
from prefloop.objectives.dpo import dpo
from prefloop.objectives.hinge import hinge
from prefloop.objectives.ipo import ipo
from prefloop.recipes.epochs import mean_metrics, measure_agreement, run_epochs
from prefloop.recipes.policy import TrainState, fresh_policy, restore
from prefloop.recipes.trained import Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import Outcome, check_start, pair_batch
from prefloop.text.trunk import Trunk

LOSSES = {"sigmoid": dpo, "ipo": ipo, "hinge": hinge}
POLICY = "policy"


def train_dpo(
    trunk: Trunk,
    recipe: DpoRecipe,
    rows: Sequence[Encoded],
    batch: str,
    parent: bytes | None,
    cache: ReferenceCache,
    check: Callable[[], None] = lambda: None,
) -> Trained:
    """One batch on top of `parent` (the state file of the head; None: the base)."""
    agreement = None
    if parent is None:
        state = TrainState(
            {POLICY: fresh_policy(trunk, recipe, recipe.learning_rate, recipe.seed)}, 0, {"method": "dpo"}
        )
        check_start(
            trunk, pair_batch(rows[: recipe.micro_batch], trunk.device), [state.policies[POLICY].adapter]
        )
    else:
        state = restore(trunk, recipe, {POLICY: recipe.learning_rate}, parent)
        agreement = measure_agreement(trunk, state.policies[POLICY].adapter, rows, cache)
    loss_of = LOSSES[recipe.loss]

    def objective(policies, p_B, weight_B) -> Outcome:
        losses = loss_of(policies[0], recipe.beta, recipe.label_smoothing, p_B, weight_B)
        margin_B = recipe.beta * policies[0].log_ratio_margin_B.detach()
        return Outcome(losses.losses_B, losses, margin_B)

    steps = run_epochs(trunk, state, recipe, rows, batch, lambda: objective, lambda: None, cache, check)
    metrics = mean_metrics(steps)
    if agreement is not None:
        metrics |= {"accuracyBefore": agreement.share, "accuracyBeforeCount": float(agreement.votes)}
    return Trained(state, state.policies[POLICY].adapter, [step.loss for step in steps], metrics)
