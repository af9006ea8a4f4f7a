"""OFS-DPO: a fast and a slow adapter in one pass; the better one is chased by the other.

`fast` and `slow` name learning rates and stay what they are; `F` and `S` name roles. Over every `chasing_interval`
steps the base losses L_DPO of both are summed; then whichever is lower takes the role F. Published is the F-role.
"""

from collections.abc import Callable, Sequence

from prefloop.contracts import OfsDpoRecipe
from prefloop.objectives.ofs_dpo import ofs_dpo
from prefloop.recipes.epochs import mean_metrics, measure_agreement, run_epochs
from prefloop.recipes.policy import TrainState, fresh_policy, restore
from prefloop.recipes.trained import Trained
from prefloop.text.encode import Encoded
from prefloop.text.reference_cache import ReferenceCache
from prefloop.text.step import Objective, Outcome, check_start, pair_batch
from prefloop.text.trunk import Trunk

FAST, SLOW = "fast", "slow"


def train_ofs_dpo(
    trunk: Trunk,
    recipe: OfsDpoRecipe,
    rows: Sequence[Encoded],
    batch: str,
    parent: bytes | None,
    cache: ReferenceCache,
    check: Callable[[], None] = lambda: None,
) -> Trained:
    """One batch on top of `parent` (the state file of the head; None: the base)."""
    rates = {FAST: recipe.learning_rate, SLOW: recipe.learning_rate * recipe.slow_ratio}
    agreement = None
    if parent is None:
        # Both start from the same A: what sets them apart is the rate alone.
        policies = {name: fresh_policy(trunk, recipe, rate, recipe.seed) for name, rate in rates.items()}
        facts = {"method": "ofs-dpo", "chased": FAST, "sums": [0.0, 0.0], "steps": 0, "swaps": 0}
        state = TrainState(policies, 0, facts)
        first = pair_batch(rows[: recipe.micro_batch], trunk.device)
        check_start(trunk, first, [policy.adapter for policy in policies.values()])
    else:
        state = restore(trunk, recipe, rates, parent)
        agreement = measure_agreement(trunk, state.policies[state.facts["chased"]].adapter, rows, cache)
    chase = Chase(state, recipe)
    steps = run_epochs(trunk, state, recipe, rows, batch, chase.objective, chase.after_step, cache, check)
    metrics = mean_metrics(steps) | {
        "roleSwaps": float(state.facts["swaps"]),
        "fastIsChased": float(state.facts["chased"] == FAST),
        "baseLossFast": chase.means[0],
        "baseLossSlow": chase.means[1],
    }
    if agreement is not None:
        metrics |= {"accuracyBefore": agreement.share, "accuracyBeforeCount": float(agreement.votes)}
    chased = state.policies[state.facts["chased"]].adapter
    return Trained(state, chased, [step.loss for step in steps], metrics)


class Chase:
    """Who is chased. The sums survive between batches in the state's facts, so an interval may span two of them."""

    def __init__(self, state: TrainState, recipe: OfsDpoRecipe):
        self.facts = state.facts
        self.recipe = recipe
        self.last = (0.0, 0.0)
        self.total = [0.0, 0.0]
        self.count = 0

    @property
    def means(self) -> tuple[float, float]:
        """Mean base loss of fast and slow over this batch."""
        return self.total[0] / max(self.count, 1), self.total[1] / max(self.count, 1)

    def objective(self) -> Objective:
        fast_is_chased = self.facts["chased"] == FAST
        recipe = self.recipe

        def run(policies, p_B, weight_B) -> Outcome:
            f, s = (policies[0], policies[1]) if fast_is_chased else (policies[1], policies[0])
            losses = ofs_dpo(f, s, recipe.beta, recipe.alpha, recipe.label_smoothing, p_B, weight_B)
            base = losses.base_fast_B.mean().item(), losses.base_slow_B.mean().item()
            self.last = base if fast_is_chased else (base[1], base[0])
            margin_B = recipe.beta * f.log_ratio_margin_B.detach()
            reported = type(losses.fast)(
                losses.base_fast_B, losses.fast.chosen_rewards_B, losses.fast.rejected_rewards_B
            )
            return Outcome(losses.fast.losses_B + losses.slow.losses_B, reported, margin_B)

        return run

    def after_step(self) -> None:
        self.count += 1
        sums = self.facts["sums"]
        for i, loss in enumerate(self.last):
            sums[i] += loss
            self.total[i] += loss
        self.facts["steps"] += 1
        if self.facts["steps"] < self.recipe.chasing_interval:
            return
        chased = FAST if sums[0] <= sums[1] else SLOW
        self.facts["swaps"] += chased != self.facts["chased"]
        self.facts |= {"chased": chased, "sums": [0.0, 0.0], "steps": 0}
