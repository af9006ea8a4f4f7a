"""The three properties of DPO, their mitigations, and where the pairs come from."""

import random
from collections.abc import Mapping

from papers.context import Context
from papers.experiment import Arm, BySeed, Claim, Experiment, Figures, minus
from papers.likelihoods import fork_figures
from papers.tiny import Asked, ask, example, fit, persona_figures, recipe_of
from prefloop.contracts import Example
from prefloop.tiny.world import KINDS

PERSONA = "formal"


def votes_of(context: Context, asked: list[Asked], chosen: str, rejected: str) -> list[Example]:
    """Each side is the base's own (on) or somebody else's answer (off): written by the world's grammar in casual words
    that the base would rarely choose."""
    rng = random.Random(context.seed)
    votes = []
    for one in asked:
        if len(one.texts) < 2 or max(one.scores) == min(one.scores):
            continue
        best, worst = (one.texts[one.scores.index(pick(one.scores))] for pick in (max, min))
        other = [KINDS["replies"].sample_answer(rng, one.prompt) for _ in range(4)]
        better = best if chosen == "on" else other[0].upper()
        worse = worst if rejected == "on" else other[1].upper()
        votes.append(example(one.prompt, (better, worse)))
    return votes


def run(
    fields: Mapping[str, object], sides: tuple[str, str], context: Context, setting: Mapping[str, float]
) -> Figures:
    votes = votes_of(context, ask(context, PERSONA, context.size(140, 8), 2), *sides)
    recipe = recipe_of(
        epochs=context.size(3, 1), learningRate=1e-3, microBatch=6, seed=context.seed, **fields
    )
    fitted = fit(context, recipe, votes)
    figures = fork_figures(context, fitted.adapter, votes[: context.size(100, 6)])
    return figures | persona_figures(context, PERSONA, fitted.adapter, context.size(150, 8))


def arm(sides: tuple[str, str] = ("on", "on"), **fields: object) -> Arm:
    return Arm(lambda context, setting: run(fields, sides, context, setting))


def above(arm_name: str, figure: str, bound: float, sign: float = 1.0):
    def evidence(arms: BySeed) -> float:
        return sign * (arms[arm_name][figure] - bound)

    return evidence


def off_policy_is_worse(arms: BySeed) -> float:
    others = ("chosen off", "rejected off", "both off")
    return arms["dpo"]["winRate"] - sum(arms[name]["winRate"] for name in others) / len(others)


# Of what training does to the likelihoods of its pairs, wherever they come from.
PROPERTIES = [
    Claim(
        "the likelihood of rejected answers drops, and far more than that of chosen ones rises",
        "Property 1, drastic drop (no number was readable)",
        lambda arms: -arms["dpo"]["rejectedChange"] - abs(arms["dpo"]["chosenChange"]),
        "nats per answer",
    ),
    Claim(
        "the likelihood of chosen answers falls too",
        "Property 2, degradation into response suppression",
        above("dpo", "chosenChange", 0.0, -1.0),
        "nats per answer",
    ),
    Claim(
        "where two answers part, probability moves to words of neither",
        "Property 3, dispersion onto unseen answers",
        above("dpo", "unseenChange", 0.0),
        "of probability at the fork",
    ),
    Claim(
        "Flex-DPO with a small β⁻ lets rejected answers fall less",
        "best near β⁻ = 0.08 (β⁺ presumably 0.1)",
        minus("flex-dpo", "dpo", "rejectedChange"),
        "nats per answer",
    ),
    Claim(
        "an SFT term keeps chosen answers likely",
        "SFT-DPO mitigates (no number was readable)",
        minus("sft term", "dpo", "chosenChange"),
        "nats per answer",
    ),
]

EXPERIMENT = Experiment(
    name="three-d-properties",
    title="3D-Properties (arXiv 2406.07327)",
    arms={
        "dpo": arm(method="dpo", beta=0.1),
        "flex-dpo": arm(method="flex-dpo", betaChosen=0.1, betaRejected=0.05),
        "sft term": arm(method="dpo", beta=0.1, sftWeight=0.05),
        "chosen off": arm(("off", "on"), method="dpo", beta=0.1),
        "rejected off": arm(("on", "off"), method="dpo", beta=0.1),
        "both off": arm(("off", "off"), method="dpo", beta=0.1),
    },
    claims=[
        *PROPERTIES,
        Claim(
            "pairs of the model's own answers train best",
            "MATH* score 3.85 with both on-policy against 3.60",
            off_policy_is_worse,
            "of win rate over the base",
        ),
    ],
    settings=(
        "140 prompts, two answers of the base to each, votes of the persona `formal`, three epochs at a rate of 1e-3; "
        "off-policy answers are grammatical but in capitals, which the base never writes"
    ),
    notes=("No settings are searched: the question is what one and the same setting does.",),
)
