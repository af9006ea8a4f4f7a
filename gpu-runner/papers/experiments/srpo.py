"""SRPO: does a model that was trained to revise gain from revising itself?"""

from collections.abc import Mapping

from papers.context import Context
from papers.experiment import Arm, Claim, Experiment, Figures, minus
from papers.revising import revised
from papers.tiny import (
    Replies,
    ask,
    best_against_worst,
    fit,
    prompts_about,
    recipe_of,
    reply_figures,
    texts_of,
)
from prefloop.adapters.lora import Adapter
from prefloop.tiny.world import Prompt

PERSONA = "formal"
REVISIONS = 2


def run(method: str, context: Context, setting: Mapping[str, float]) -> Figures:
    prompts = prompts_about(context, ("powered", "furniture"), context.size(100, 6), "train")
    votes = best_against_worst(ask(context, PERSONA, len(prompts), 2, prompts))
    recipe = recipe_of(method=method, epochs=context.size(2, 1), microBatch=6, seed=context.seed, **setting)
    adapter = fit(context, recipe, votes).adapter
    near = prompts_about(context, ("powered", "furniture"), context.size(80, 5), "held_out")
    far = prompts_about(context, ("clothes", "outdoor"), context.size(80, 5), "held_out")
    inside, outside = (figures_of(context, adapter, some) for some in (near, far))
    return {
        "winRate": inside["first"],
        "gain": inside["last"] - inside["first"],
        "revised": inside["last"],
        "winRateElsewhere": outside["first"],
        "gainElsewhere": outside["last"] - outside["first"],
        "revisedElsewhere": outside["last"],
    }


def figures_of(context: Context, adapter: Adapter, prompts: list[Prompt]) -> Figures:
    theirs = [group[0] for group in texts_of(context, prompts, None, name="theirs")]
    drafts = [group[0] for group in texts_of(context, prompts, adapter, name="ours")]
    last = drafts
    for number in range(REVISIONS):
        last = revised(context, adapter, prompts, last, f"revision {number}")
    first = reply_figures(PERSONA, Replies(prompts, drafts, theirs))
    after = reply_figures(PERSONA, Replies(prompts, last, theirs))
    return {"first": first["winRate"], "last": after["winRate"]}


SRPO_GRID = [
    {"learningRate": rate, "beta": beta, "alpha": 0.5} for rate in (1e-3, 2e-3) for beta in (0.01, 0.05)
]
DPO_GRID = [{"learningRate": rate, "beta": beta} for rate in (1e-3, 2e-3) for beta in (0.1, 0.3)]
EXPERIMENT = Experiment(
    name="srpo",
    title="SRPO (arXiv 2406.01660)",
    arms={
        "dpo": Arm(lambda context, setting: run("dpo", context, setting), DPO_GRID),
        "srpo": Arm(lambda context, setting: run("srpo", context, setting), SRPO_GRID),
    },
    score="revised",
    claims=[
        Claim(
            "SRPO gains from revising its own answers",
            "XSum: win rate rises over five revisions, to 90 %",
            lambda arms: arms["srpo"]["gain"],
            "of win rate over the base, after two revisions",
        ),
        Claim(
            "it gains more than DPO does",
            "DPO and IPO do not gain from revisions (Figure 3)",
            minus("srpo", "dpo", "gain"),
            "of win rate over the base",
        ),
        Claim(
            "out of distribution its revised answers win more often than DPO's",
            "XSum (out of distribution): 15 points over DPO after five revisions",
            minus("srpo", "dpo", "revisedElsewhere"),
            "of win rate over the base",
        ),
    ],
    settings=(
        "100 prompts about appliances and furniture, two answers of the base to each, votes of `formal`, two epochs; 80 "
        "held-out prompts of the same, 80 about clothes and outdoor things (elsewhere); two revisions"
    ),
)
