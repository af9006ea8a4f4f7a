"""Personal mixtures in the built-in world: basis adapters of its style axes, people who vote, what is made for them.

Shapes: R replies of the pool that people vote on · Q prompts of it · P people · V votes of each · A style axes · K basis
adapters.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from papers.context import Context
from papers.tiny import Sampling, example, fit, mean, prompt_ids, recipe_of, texts_of
from prefloop.adapters.files import read_peft
from prefloop.adapters.lora import Adapter
from prefloop.adapters.mixture import Mixture
from prefloop.contracts import Example
from prefloop.recipes.draw import draw_answers
from prefloop.taste.posterior import Contrasts, Numbers, contrasts
from prefloop.text.log_ratios import log_ratios
from prefloop.tiny.styles import AXES, draw_tastes, liking, style_of
from prefloop.tiny.world import Prompt, sample_prompts

# A strong pull to the reference and to the chosen replies: such adapters stay within the grammar when they are added up.
RECIPE = {"method": "dpo", "beta": 0.5, "sftWeight": 0.1, "learningRate": 1e-3, "rank": 8, "loraAlpha": 16}
# A vote is a pick of one among so many replies to one prompt,
DEALT = 4
# and so many picks fall on another of them than the one that is liked best.
NOISE = 0.1
# Replies to people are drawn as a product draws them: a little less freely than the model was trained.
TEMPERATURE = 0.7
# How much of a difference on other axes a pair of one axis may have.
CLEAN = 0.3


@dataclass(frozen=True)
class Pool:
    """Different replies of the base to prompts, all within the grammar: prompt p's are those with owner_R == p."""

    prompts: list[Prompt]
    texts: list[str]
    owner_R: Numbers
    style_RA: Numbers

    def of(self, prompt: int) -> Numbers:
        return np.flatnonzero(self.owner_R == prompt)


@dataclass(frozen=True)
class People:
    """taste_PA. dealt_PVk: the replies of the pool that a vote chooses among, the picked one first."""

    taste_PA: Numbers
    dealt_PVk: Numbers

    def __len__(self) -> int:
        return len(self.taste_PA)

    def votes(self, person: int, count: int, features_RF: Numbers) -> Contrasts:
        """The first `count` votes of one of them, in any features of the pool's replies, as the edge makes pairs of a pick: the
        picked against each of the others, sharing the weight of one vote."""
        features_VkF = features_RF[self.dealt_PVk[person, :count]]
        difference = features_VkF[:, :1] - features_VkF[:, 1:]
        weight = np.full(count * (DEALT - 1), 1 / (DEALT - 1))
        return contrasts(difference, features_RF.shape[1], weight=weight)


def make_pool(context: Context, prompts: Sequence[Prompt], each: int, name: str) -> Pool:
    """each: drawn for a prompt; how many of them differ and are sound is another matter."""
    owners, texts, styles = [], [], []
    for number, group in enumerate(texts_of(context, prompts, each=each, name=name)):
        for text in dict.fromkeys(group):
            if (style_A := style_of(prompts[number], text)) is not None:
                owners.append(number)
                texts.append(text)
                styles.append(style_A)
    return Pool(list(prompts), texts, np.array(owners), np.stack(styles))


def axis_pairs(pool: Pool, axis: int) -> list[Example]:
    """Of each prompt's replies the two that differ most along the axis, and little else."""
    pairs = []
    for number, prompt in enumerate(pool.prompts):
        own = pool.of(number)
        best, gap = None, 0.0
        for one in own:
            for other in own:
                difference_A = pool.style_RA[one] - pool.style_RA[other]
                along = difference_A[axis] - CLEAN * (np.abs(difference_A).sum() - abs(difference_A[axis]))
                if difference_A[axis] > 0 and (best is None or along > gap):
                    best, gap = (pool.texts[one], pool.texts[other]), along
        if best:
            pairs.append(example(prompt, best))
    return pairs


def train_basis(context: Context) -> list[Adapter]:
    """One adapter for each style axis, towards more of it; less of it is a negative weight."""

    def make() -> list[dict[str, str]]:
        pool = make_pool(
            context, sample_prompts("replies", context.size(256, 6), context.seed, "train"), 4, "asked"
        )
        return [train_files(context, axis_pairs(pool, axis), context.size(2, 1)) for axis in range(len(AXES))]

    return [read_files(context, files) for files in context.once("basis", make)]


def train_files(context: Context, pairs: Sequence[Example], epochs: int) -> dict[str, str]:
    recipe = recipe_of(**RECIPE, epochs=epochs, microBatch=8, seed=context.seed)
    files = fit(context, recipe, pairs).files
    return {
        name: base64.b64encode(content).decode() for name, content in files.items() if "state" not in name
    }


def read_files(context: Context, files: dict[str, str]) -> Adapter:
    content = {name: base64.b64decode(text) for name, text in files.items()}
    return read_peft(content, context.base.trunk.layers).freeze()


def features_of(context: Context, basis: Sequence[Adapter], pool: Pool) -> Numbers:
    """(R, K): log-ratios per token of the pool's replies."""

    def make() -> list[list[float]]:
        rows: list[list[float]] = []
        for number, prompt in enumerate(pool.prompts):
            own = [pool.texts[at] for at in pool.of(number)]
            ids = [context.base.encoder.completion_ids(text) for text in own]
            if ids:
                rows += log_ratios(context.base.trunk, basis, prompt_ids(context, prompt), ids)
        return rows

    return np.array(context.once("log-ratios of the pool", make))


def let_vote(pool: Pool, count: int, votes: int, rng: np.random.Generator) -> People:
    """People drawn anew, each dealt replies to random prompts. Of those liked alike the first is picked."""
    taste_PA = draw_tastes(count, rng)
    enough = [own for prompt in range(len(pool.prompts)) if len(own := pool.of(prompt)) >= DEALT]
    dealt_PVk = np.zeros((count, votes, DEALT), dtype=np.int64)
    for person, taste_A in enumerate(taste_PA):
        for vote in range(votes):
            dealt_k = rng.choice(enough[rng.integers(len(enough))], DEALT, replace=False)
            picked = int(np.argmax(pool.style_RA[dealt_k] @ taste_A))
            if rng.random() < NOISE:
                picked = int(picked + rng.integers(1, DEALT)) % DEALT
            dealt_PVk[person, vote] = [dealt_k[picked], *np.delete(dealt_k, picked)]
    return People(taste_PA, dealt_PVk)


def pooled_votes(pool: Pool, people: People) -> list[Example]:
    """Everybody's votes, as if of one person: what a model that knows nobody is trained on."""
    liked = [1.0] + [0.0] * (DEALT - 1)
    votes = [
        example(pool.prompts[int(pool.owner_R[dealt_k[0]])], [pool.texts[one] for one in dealt_k], liked)
        for dealt_k in people.dealt_PVk.reshape(-1, DEALT)
    ]
    # two people may say the same, and that is two votes
    return [vote.model_copy(update={"preference": f"h{at:040x}"}) for at, vote in enumerate(votes)]


def styles_through(
    context: Context,
    prompts: Sequence[Prompt],
    mixed: Sequence[Adapter | Mixture | None],
    each: int,
    name: str,
) -> list[list[list[Numbers | None]]]:
    """The styles of `each` reply to every prompt, through every adapter."""
    ids = [prompt_ids(context, prompt) for prompt in prompts]
    adapters = [one for one in mixed for _ in prompts]
    sampling = Sampling(TEMPERATURE, max_tokens=context.size(160, 40))
    drawn = draw_answers(context.base, ids * len(mixed), adapters, each, sampling, f"{context.seed} {name}")
    styled = [
        [style_of(prompts[at % len(prompts)], one.text) for one in group] for at, group in enumerate(drawn)
    ]
    return [styled[at : at + len(prompts)] for at in range(0, len(styled), len(prompts))]


def win_rate(taste_A: Numbers, ours: list[list[Any]], theirs: list[list[Any]]) -> float:
    """P(this person likes one of our replies better than one of theirs to the same prompt), ties half."""
    rates = []
    for mine, others in zip(ours, theirs, strict=True):
        for one in mine:
            for other in others:
                gap = liking(taste_A, one) - liking(taste_A, other)
                rates.append(0.5 + 0.5 * float(np.sign(gap)))
    return mean(rates)
