"""Hitchhiker's guide: DPO, LN-DPO and SimPO over equal grids. How good, and how robust."""

from collections.abc import Mapping
from statistics import median

from papers.context import Context
from papers.drift import kl_per_token
from papers.experiment import Arm, Claim, Experiment, Figures, minus
from papers.tiny import ask, best_against_worst, fit, persona_figures, prompts_about, recipe_of

PERSONA = "formal"
RATES = (5e-4, 1e-3, 2e-3)
# Three decades apart in effect, not in number: what β means differs between the losses.
BETAS = {"dpo": (0.03, 0.1, 0.3), "ln-dpo": (1.0, 3.0, 10.0), "simpo": (1.0, 3.0, 10.0)}


def run(method: str, context: Context, _: Mapping[str, float]) -> Figures:
    """The whole grid in one run: robustness is about its spread."""
    prompts = prompts_about(context, ("powered", "furniture"), context.size(90, 6), "train")
    votes = best_against_worst(ask(context, PERSONA, len(prompts), 2, prompts))
    near = prompts_about(context, ("powered", "furniture"), context.size(60, 4), "held_out")
    far = prompts_about(context, ("clothes", "outdoor"), context.size(60, 4), "held_out")
    cells = []
    for rate in RATES[: context.size(3, 1)]:
        for beta in BETAS[method][: context.size(3, 1)]:
            recipe = recipe_of(
                method=method, beta=beta, learningRate=rate, epochs=2, microBatch=6, seed=context.seed
            )
            adapter = fit(context, recipe, votes).adapter
            inside = persona_figures(context, PERSONA, adapter, 0, near)
            outside = persona_figures(context, PERSONA, adapter, 0, far)
            cells.append((inside, outside, kl_per_token(context, adapter, near[: context.size(24, 3)])))
    wins = [inside["winRate"] for inside, _, _ in cells]
    best = wins.index(max(wins))
    return {
        "best": max(wins),
        "median": median(wins),
        "worst": min(wins),
        "bestElsewhere": cells[best][1]["winRate"],
        "medianElsewhere": median([outside["winRate"] for _, outside, _ in cells]),
        "medianParses": median([inside["parses"] for inside, _, _ in cells]),
        "klOfBest": cells[best][2],
        "wordsOfBest": cells[best][0]["words"],
    }


WON = "of win rate over the base"
EXPERIMENT = Experiment(
    name="ln-dpo",
    title="LN-DPO (arXiv 2407.15229)",
    arms={
        method: Arm(lambda context, setting, method=method: run(method, context, setting)) for method in BETAS
    },
    score="best",
    claims=[
        Claim(
            "at its best LN-DPO is as good as DPO or better",
            "similar quality to DPO (the abstract)",
            minus("ln-dpo", "dpo", "best"),
            WON,
        ),
        Claim(
            "LN-DPO's answers are shorter than DPO's",
            "shorter responses without losing quality (the abstract)",
            minus("dpo", "ln-dpo", "wordsOfBest"),
            "words",
        ),
        Claim(
            "over the grid LN-DPO is more robust than DPO: its median is higher",
            "the study's question; no number was readable",
            minus("ln-dpo", "dpo", "median"),
            WON,
        ),
        Claim(
            "and its worst setting is better",
            "the study's question; no number was readable",
            minus("ln-dpo", "dpo", "worst"),
            WON,
        ),
        Claim(
            "SimPO's median is higher than DPO's",
            "the study's question; no number was readable",
            minus("simpo", "dpo", "median"),
            WON,
        ),
        Claim(
            "the ranking holds out of distribution: LN-DPO's median is higher there too",
            "the study tests out of distribution; no number was readable",
            minus("ln-dpo", "dpo", "medianElsewhere"),
            WON,
        ),
    ],
    settings=(
        "3 × 3 grids of learning rate (5e-4, 1e-3, 2e-3) and β (DPO 0.03, 0.1, 0.3; LN-DPO and SimPO 1, 3, 10); 90 prompts "
        "about appliances and furniture, two answers of the base to each, votes of `formal`, two epochs; 60 held-out prompts "
        "of the same and 60 about clothes and outdoor things (elsewhere)"
    ),
)
