"""PPD: pictures for people who were never seen in training, after a handful of votes, against what could be known at best."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from papers import personal_pictures, picture_world
from papers.context import Context
from papers.experiment import Arm, Claim, Experiment, Figures, above
from papers.personal_pictures import BETA, PersonalPictures
from papers.picture_world import WEIGHTS, Seen, draw, draw_others, share_that_follows, train_lora, win_rate
from papers.tiny import mean, recipe_of
from prefloop.adapters.lora import Adapter
from prefloop.contracts import DiffusionDpoRecipe
from prefloop.image import errors, listening, noising, openness, personalize, sample, step
from prefloop.image.model import BUILT_IN
from prefloop.image.sample import Audience
from prefloop.image.step import PictureBatch
from prefloop.recipes.diffusion_dpo import pair_objective
from prefloop.recipes.pictures import Method
from prefloop.taste import set_encoder
from prefloop.taste.set_encoder import FILE
from prefloop.tiny.personal import IMAGES
from prefloop.tiny.sprites import reader, tastes, voters
from prefloop.tiny.sprites.attributes import read_caption
from prefloop.tiny.sprites.voters import draw_tastes

# Code beside this file that the figures depend on (`papers.results`).
ALSO = (
    *(personal_pictures, picture_world, errors, listening, noising, openness, personalize, sample, step),
    set_encoder,
    *(reader, tastes, voters),
)
FILES = (BUILT_IN / WEIGHTS, IMAGES / "encoder" / FILE)
VOTES, FEW = (0, 1, 2, 4, 8, 16), 4
# Pictures of the other side to each caption: one is a matter of luck.
OTHERS = 4


class Tested:
    """People of one seed whom nothing was learned from, what is drawn for them, and how they like it."""

    def __init__(self, context: Context):
        self.context = context
        self.pictures = PersonalPictures(context)
        count = context.size(104, 2)
        self.tastes_PK, self.places_PV, self.picked_PV = self.pictures.people(count)
        self.captions = self.pictures.world.captions
        self.asked = [self.captions[person % len(self.captions)] for person in range(count)]

    def liked(self, seen: Seen) -> Tensor:
        """(P,) by whom it was drawn for."""
        return seen.likes(self.tastes_PK)

    def draw_for(self, users_PNU: Tensor) -> Seen:
        audience = Audience(self.pictures.attention, users_PNU)
        return draw(self.asked, list(range(len(self.asked))), audience=audience)

    def others(self, name: str, adapter: Callable[[], Adapter | None]) -> Tensor:
        """(P, O): how each person likes the other side's pictures to the same caption."""

        def make() -> list[Any]:
            seen = draw_others(self.captions, OTHERS, adapter())
            return [seen.axes_BK.tolist(), seen.wrong_B.tolist()]

        axes, wrong = self.context.once(f"others {name}", make)
        seen = Seen(torch.tensor(axes).view(-1, OTHERS, len(axes[0])), torch.tensor(wrong).view(-1, OTHERS))
        place_P = torch.arange(len(self.asked)) % len(self.captions)
        return seen.at(place_P).likes(self.tastes_PK[:, None])

    def embed(self, way: str, count: int) -> Tensor:
        """(P, N, U). way: votes (as the edge computes it), bayes (the exact posterior), taste (whatever the votes)."""
        if way == "votes":
            return self.pictures.embed(
                self.places_PV, self.picked_PV, torch.full((len(self.tastes_PK),), count)
            )
        if way == "bayes":
            found_PK = self.pictures.posterior_mean(self.places_PV, self.picked_PV, count)
            return self.pictures.as_embedding(found_PK)
        return self.pictures.as_embedding(self.tastes_PK)

    def judge(self, way: str, count: int, shift: int = 0) -> dict[str, Any]:
        """{pooled, base: wins of every picture; follows: share of what captions name that is there}; kept for other arms.
        shift: everybody gets what is made for the one so many further on."""

        def make() -> dict[str, Any]:
            seen = self.draw_for(self.embed(way, count).roll(-shift, 0))
            liked_B = self.liked(seen)
            sides = {"pooled": lambda: pooled_model(self.context), "base": lambda: None}
            wins = {
                name: win_rate(liked_B, self.others(name, adapter)).tolist()
                for name, adapter in sides.items()
            }
            named = [len(read_caption(caption) or {}) for caption in self.asked]
            follows = share_that_follows(seen, self.asked)
            return wins | {"named": named, "follows": follows}

        return self.context.once(f"judged {way} {count} {shift}", make)


def pooled_model(context: Context) -> Adapter:
    """Diffusion-DPO on everybody's picks, told of nobody."""
    people = PersonalPictures(context)

    def draw_batch(count: int, generator: torch.Generator) -> PictureBatch:
        places_PV = people.world.deals.sample(count, 1, generator)
        picked_PV = people.world.picks(draw_tastes(count, generator), places_PV, generator)
        return people.world.picked(places_PV[:, 0], picked_PV[:, 0], generator)

    recipe = recipe_of(method="diffusion-dpo", beta=BETA, learningRate=2e-4, seed=context.seed)
    assert isinstance(recipe, DiffusionDpoRecipe)
    method = Method(pair_objective(BETA, 0.0))
    return train_lora(recipe, method, draw_batch, context.size(32, 1), context.seed + 17)


def ours(context: Context, _: Mapping[str, float]) -> Figures:
    tested = Tested(context)
    found = {count: tested.judge("votes", count) for count in VOTES}
    bayes, another = tested.judge("bayes", FEW), tested.judge("votes", FEW, shift=1)
    gain, best = (mean(one["pooled"]) - 0.5 for one in (found[FEW], bayes))
    return figures(found) | by_caption(found[FEW]) | {
        "bayesShare.4": gain / best if best > 0 else 0.0,
        "ownMinusShuffled": mean(found[FEW]["pooled"]) - mean(another["pooled"]),
    }  # fmt: skip


def ceiling(context: Context, way: str, counts: tuple[int, ...]) -> Figures:
    tested = Tested(context)
    return figures({count: tested.judge(way, count) for count in counts})


def anothers(context: Context, _: Mapping[str, float]) -> Figures:
    return figures({FEW: Tested(context).judge("votes", FEW, shift=1)})


def figures(found: Mapping[int, dict[str, Any]]) -> Figures:
    rates = {f"winRate.{count}": mean(one["pooled"]) for count, one in found.items()}
    return rates | {f"overBase.{FEW}": mean(found[FEW]["base"]), f"follows.{FEW}": found[FEW]["follows"]}


def by_caption(found: dict[str, Any]) -> Figures:
    """Win rates by how many of the six attributes a caption names: the fewer, the more is left to taste."""
    by_named: dict[int, list[float]] = {}
    for named, rate in zip(found["named"], found["pooled"], strict=True):
        by_named.setdefault(named, []).append(rate)
    return {f"winRate.{FEW}.named{n}": mean(by_named.get(n, [0.5])) for n in (1, 2, 3, 4)}


GOAL = "no paper’s: the goal set for the product"
EXPERIMENT = Experiment(
    name="ppd",
    title="PPD",
    arms={
        "ppd": Arm(ours),
        "exact Bayes, same votes": Arm(lambda context, _: ceiling(context, "bayes", VOTES[1:])),
        "true taste": Arm(lambda context, _: ceiling(context, "taste", (FEW,))),
        "another’s votes": Arm(anothers),
    },
    score="winRate.4",
    # People of seed 0 were looked at while this was being built.
    first_seed=1,
    claims=[
        Claim(
            "four votes: people like their picture better than the unpersonalised DPO model’s",
            "76 % over Stable Cascade (abstract)",
            above("ppd", "winRate.4", 0.5),
            "of win rate above ½",
        ),
        Claim("and do so 7 times in 10", GOAL, above("ppd", "winRate.4", 0.7), "above 0.70"),
        Claim(
            "that is at least 0.8 of what the exact posterior gains from the same votes",
            GOAL,
            above("ppd", "bayesShare.4", 0.8),
            "above 0.8",
        ),
        Claim(
            "it is their own votes that do it: at least 0.10 more than with another person’s",
            GOAL,
            above("ppd", "ownMinusShuffled", 0.1),
            "of win rate above 0.10",
        ),
        Claim(
            "sixteen votes are worth more than four",
            GOAL,
            lambda arms: arms["ppd"]["winRate.16"] - arms["ppd"]["winRate.4"],
            "of win rate",
        ),
    ],
    settings=(
        "six taste axes, tastes drawn evenly on their sphere, nobody in training and in the test alike; a vote picks one of four "
        "drawings of one caption, which names one to four of six attributes, the four that differ most among eight; 10 % of picks "
        "fall on another of them; PPD learns from 8,192 picks, each by a person of their own who is known by 16 other votes (β 60 on 512 values, as 2,000 on "
        "the latents of SD 1.5; prior precision 25), and people are 4.5 times as loud as that, but no louder than 2; the unpersonalised model is Diffusion-DPO on 1,024 picks; 104 people a seed "
        "are tested, each with one of 40 captions that nobody has voted on, 20 steps, guidance 5"
    ),
    notes=(
        (
            "`winRate.N`: after N votes, P(the person prefers the picture over one of four of the unpersonalised model to the "
            "same caption), by the true taste, where anything of the caption that is missing counts more than taste; ties half; "
            "`overBase.4` the same over the base; `.namedK` only where the caption names K attributes; `follows.4`: share of what "
            "captions name that is in the picture"
        ),
        (
            "exact Bayes: the mean of the true posterior (how votes are cast and whom people are drawn from is known), true taste: "
            "nothing is left unknown; both become embeddings by least squares on what the encoder says of well-known people"
        ),
        (
            "`bayesShare.4`: (winRate.4 − ½) over that of exact Bayes; `ownMinusShuffled`: winRate.4 less that of another person’s "
            "pictures"
        ),
    ),
)
