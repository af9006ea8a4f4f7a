"""SimPO against DPO on one persona's votes."""

from collections.abc import Mapping

from papers.context import Context
from papers.experiment import Arm, Claim, Experiment, Figures, minus
from papers.tiny import ask, best_against_worst, fit, held_out_replies, recipe_of, reply_figures

PERSONA = "formal"


def run(method: str, context: Context, setting: Mapping[str, float]) -> Figures:
    votes = best_against_worst(ask(context, PERSONA, context.size(240, 12), 2))
    recipe = recipe_of(method=method, epochs=context.size(2, 1), microBatch=6, seed=context.seed, **setting)
    fitted = fit(context, recipe, votes)
    return reply_figures(PERSONA, held_out_replies(context, fitted.adapter, context.size(300, 12)))


RATES = (5e-4, 1e-3, 2e-3)
EXPERIMENT = Experiment(
    name="simpo",
    title="SimPO (arXiv 2405.14734)",
    arms={
        "dpo": Arm(
            lambda context, setting: run("dpo", context, setting),
            [{"learningRate": rate, "beta": beta} for rate in RATES for beta in (0.1, 0.3)],
        ),
        "simpo": Arm(
            lambda context, setting: run("simpo", context, setting),
            [{"learningRate": rate, "beta": beta} for rate in RATES for beta in (2.0, 10.0)],
        ),
    },
    claims=[
        Claim(
            "SimPO wins more often than DPO",
            "AlpacaEval 2 win rate +5.5 points (Llama-3-8B-Base: 15.5 → 20.3)",
            minus("simpo", "dpo", "winRate"),
            "win rate over the base",
        ),
    ],
    settings="240 prompts, two answers of the base each, votes of the persona formal, two epochs, LoRA r 16",
)
