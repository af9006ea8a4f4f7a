"""Unpacking DPO and PPO: which of four parts matters most?"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from papers.context import Context
from papers.experiment import Arm, BySeed, Claim, Experiment, Figures, minus
from papers.tiny import Asked, ask, best_against_worst, example, fit, persona_figures, recipe_of
from prefloop.contracts import Example
from prefloop.tiny.world import sample_prompts

PERSONA = "formal"
# Votes that are turned around in the worse data.
NOISE = 0.3


@dataclass(frozen=True)
class Way:
    """One choice for each of the four parts; the others stay as they are. reward: votes that the reward model learns from,
    as a share of all. prompts: those that the policy practises on."""

    algorithm: str = "ppo"
    noise: float = 0.0
    reward: float = 1.0
    prompts: str = "same"


def votes_of(context: Context, way: Way, asked: Sequence[Asked]) -> list[Example]:
    rng = random.Random(f"noise {context.seed}")
    votes = []
    for vote in best_against_worst(asked):
        turned = rng.random() < way.noise
        texts = vote.completions[::-1] if turned else vote.completions
        votes.append(Example.model_validate(vote.model_dump(exclude_none=True) | {"completions": texts}))
    return votes


def run(way: Way, context: Context, setting: Mapping[str, float]) -> Figures:
    votes = votes_of(context, way, ask(context, PERSONA, context.size(120, 8), 2))
    common = {"microBatch": 8, "seed": context.seed}
    if way.algorithm == "dpo":
        recipe = recipe_of(method="dpo", epochs=2, beta=0.1, **common, **setting)
        fitted = fit(context, recipe, votes)
    else:
        votes = votes[: max(4, round(way.reward * len(votes)))]
        recipe = recipe_of(
            method="ppo", rewardEpochs=context.size(3, 1), rewardLearningRate=1e-3, epochs=context.size(2, 1),
            rollouts=2, innerEpochs=2, temperature=1.0, maxTokens=160, **common, **setting,
        )  # fmt: skip
        fitted = fit(context, recipe, [*votes, *practice(context, way, len(votes))])
    figures = persona_figures(context, PERSONA, fitted.adapter, context.size(160, 8))
    known = fitted.trained.metrics
    return figures | {"rewardAccuracy": known.get("rewardAccuracy", 0.0)}


def practice(context: Context, way: Way, votes: int) -> list[Example]:
    """More prompts for the policy, each with a vote that carries no weight: of the same kind, or of others."""
    missing = context.size(110, 6) - votes if way.prompts == "same" else context.size(110, 6) - votes // 2
    if missing <= 0:
        return []
    kinds = ["replies"] if way.prompts == "same" else ["sums", "scenes"]
    prompts = [
        prompt
        for kind in kinds
        for prompt in sample_prompts(kind, -(-missing // len(kinds)), context.seed + 7, "train")
    ]
    votes_on = [example(prompt, ("Yes.", "No.")) for prompt in prompts[:missing]]
    return [_weightless(one) for one in votes_on]


def _weightless(one: Example) -> Example:
    body = one.model_dump(exclude_none=True)
    return Example.model_validate(body | {"pairs": [pair | {"weight": 0.0} for pair in body["pairs"]]})


def arm(way: Way) -> Arm:
    rates = [{"learningRate": rate} for rate in (5e-4, 1e-3)]
    return Arm(lambda context, setting: run(way, context, setting), rates)


WON = "of win rate over the base"
EFFECTS = {
    "data": ("ppo", "ppo, worse votes"),
    "algorithm": ("ppo", "dpo"),
    "reward model": ("ppo", "ppo, weaker reward model"),
    "prompts": ("ppo", "ppo, other prompts"),
}


def effect(part: str, arms: BySeed) -> float:
    one, other = EFFECTS[part]
    return arms[one]["winRate"] - arms[other]["winRate"]


EXPERIMENT = Experiment(
    name="unpacking",
    title="Unpacking DPO and PPO (arXiv 2406.09279)",
    arms={
        "dpo": arm(Way("dpo")),
        "ppo": arm(Way()),
        "ppo, worse votes": arm(Way(noise=NOISE)),
        "ppo, weaker reward model": arm(Way(reward=0.25)),
        "ppo, other prompts": arm(Way(prompts="others")),
    },
    claims=[
        Claim(
            "PPO is better than DPO on the same votes",
            "0.7 points on average over five data sets; up to 2.5 in maths",
            minus("ppo", "dpo", "winRate"),
            WON,
        ),
        Claim(
            "better votes help",
            "up to 8 points in following instructions and in truthfulness",
            minus("ppo", "ppo, worse votes", "winRate"),
            WON,
        ),
        Claim(
            "a better reward model helps",
            "up to 5 points in maths with 70B, elsewhere marginal",
            minus("ppo", "ppo, weaker reward model", "winRate"),
            WON,
        ),
        Claim(
            "prompts of the task that is tested help",
            "in maths only; mixed prompts do not help in general",
            minus("ppo", "ppo, other prompts", "winRate"),
            WON,
        ),
        Claim(
            "the votes matter more than the algorithm",
            "the paper's order: data, then algorithm, then reward model, then prompts",
            lambda arms: effect("data", arms) - effect("algorithm", arms),
            WON,
        ),
        Claim(
            "the algorithm matters more than the prompts",
            "the same order",
            lambda arms: effect("algorithm", arms) - effect("prompts", arms),
            WON,
        ),
    ],
    settings=(
        "120 prompts, two answers of the base to each, votes of `formal`; PPO: reward model for three epochs, then two epochs "
        "of two rollouts a prompt; worse votes: 30 % turned around; weaker reward model: a quarter of the votes; other "
        "prompts: half of the practice on sums and scenes"
    ),
)
