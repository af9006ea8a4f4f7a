"""SimPO against DPO on one persona's votes."""

from collections.abc import Mapping

from papers.context import Context
from papers.experiment import Arm, Claim, Experiment, Figures, minus
from papers.length_controlled import length_controlled
from papers.tiny import ask, best_against_worst, fit, held_out_replies, recipe_of, reply_figures

PERSONA = "formal"


def run(method: str, context: Context, setting: Mapping[str, float]) -> Figures:
    votes = best_against_worst(ask(context, PERSONA, context.size(160, 8), 2))
    recipe = recipe_of(method=method, epochs=context.size(2, 1), microBatch=6, seed=context.seed, **setting)
    replies = held_out_replies(context, fit(context, recipe, votes).adapter, context.size(200, 8))
    return reply_figures(PERSONA, replies) | {"winRateAtEqualLength": length_controlled(PERSONA, replies)}


def arm(method: str, betas: tuple[float, ...]) -> Arm:
    grid = [{"learningRate": rate, "beta": beta} for rate in (1e-3, 2e-3) for beta in betas]
    return Arm(lambda context, setting: run(method, context, setting), grid)


EXPERIMENT = Experiment(
    name="simpo",
    title="SimPO (arXiv 2405.14734)",
    arms={"dpo": arm("dpo", (0.1, 0.3)), "simpo": arm("simpo", (2.0, 10.0))},
    claims=[
        Claim(
            "SimPO wins more often than DPO",
            "AlpacaEval 2 win rate, Llama-3-8B-Base: 20.3 against 15.5 (its README)",
            minus("simpo", "dpo", "winRate"),
            "of win rate over the base",
        ),
        Claim(
            "and at equal length too",
            "length-controlled win rate, the same: 22.0 against 18.2",
            minus("simpo", "dpo", "winRateAtEqualLength"),
            "of win rate over the base",
        ),
        Claim(
            "SimPO takes less memory",
            "about 10 % less than DPO (the paper's Figure 4)",
            untestable="a wall clock and a resident size are no matter of seeds: `npm run bench -- recipes` measures them",
        ),
    ],
    settings="160 prompts, two answers of the base to each, votes of the persona `formal`, two epochs; 200 held-out prompts",
)
