"""Image recipes on tiny random models: what is fresh is the reference, training fits the votes, and goes on bit for bit."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from device import DEVICE, to_the_bit
from image.made_pictures import vote
from image.random_pipelines import PIPELINES
from pydantic import TypeAdapter

from prefloop.adapters.lora import Adapter
from prefloop.contracts import Example, Recipe, SftRecipe, SupportVote
from prefloop.image.accuracy import (
    PictureScore,
    measure_picture_accuracy,
    measure_picture_displacement,
    score_pictures,
)
from prefloop.image.model import ImageModel, load_image_model
from prefloop.image.openness import new_openness_sums
from prefloop.image.personalize import Loudness, UserAttention
from prefloop.image.rows import PictureReader, PictureRow
from prefloop.learn_images import publish_files, read_picture_start, read_published
from prefloop.recipes.image_methods import image_recipe, train_image_method
from prefloop.recipes.laplace import new_laplace_policy
from prefloop.recipes.pictures import PictureStart, TrainedPictures
from prefloop.recipes.policy import new_policy, restore
from prefloop.recipes.ppd import directions, users_by_all_votes
from prefloop.taste.set_encoder import SetEncoder, SetEncoderShape
from prefloop.text.reference_cache import ReferenceCache

METHODS = ["diffusion-dpo", "rank-dpo", "sft", "ppd"]
ENCODER_SHAPE = SetEncoderShape(feature_size=5, tokens=2, width=4, hidden=8, rounds=1)


def recipe_of(method: str, **fields: Any):
    lora = {} if method == "ppd" else {"rank": 4, "loraAlpha": 8, "learningRate": 3e-3}
    made = {"method": method, "microBatch": 2, **lora, **fields}
    return image_recipe(TypeAdapter(Recipe).validate_python(made))


@pytest.fixture(scope="module", params=sorted(PIPELINES))
def model(request) -> ImageModel:
    return ImageModel(PIPELINES[request.param]().to(DEVICE), request.param)


@pytest.fixture(scope="module")
def unet() -> ImageModel:
    return ImageModel(PIPELINES["sd15"]().to(DEVICE), "sd15")


def new_encoder(seed: int = 1, shape: SetEncoderShape = ENCODER_SHAPE) -> SetEncoder:
    torch.manual_seed(seed)
    made = SetEncoder(shape)
    with torch.no_grad():
        for layer in made.moves:
            assert isinstance(layer, torch.nn.Linear)
            layer.weight.normal_()
    return made.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def encoder() -> SetEncoder:
    return new_encoder()


def support_of(preference: str) -> list[SupportVote]:
    generator = torch.Generator().manual_seed(int(preference[-2:], 16))
    vectors = torch.randn((2, 5), generator=generator).tolist()
    return [SupportVote(preference=preference, chosen=vectors[0], rejected=vectors[1], weight=1.0)]


def votes(model: ImageModel, count: int = 4) -> tuple[PictureReader, list[PictureRow]]:
    """Every other one is among three pictures; each person has also cast the next vote."""
    pictures: dict[str, bytes] = {}
    reader = PictureReader(model, pictures.__getitem__)
    rows = []
    for n in range(count):
        known = {"userKey": f"{n:032x}", "support": [f"h{m:040x}" for m in (n + 64, n + 96, (n + 1) % count)]}
        rows.append(reader.read(Example.model_validate(vote(n, pictures, 2 + n % 2, **known)), support_of))
    return reader, rows


def train(
    model: ImageModel,
    method: str,
    encoder: SetEncoder | None,
    parent: dict[str, bytes] | None = None,
    some: slice = slice(None),
    **fields: Any,
) -> TrainedPictures:
    reader, rows = votes(model)
    recipe = recipe_of(method, **fields)
    start = read_picture_start(parent, model, recipe, encoder) if parent else None
    return train_image_method(model, reader, start, rows[some], recipe, lambda: None, encoder)


def scored(model: ImageModel, trained: TrainedPictures, encoder: SetEncoder | None) -> Sequence[PictureScore]:
    reader, rows = votes(model)
    served = read_published(publish_files(model, trained), model)
    users = users_by_all_votes(encoder) if encoder else None
    return score_pictures(model, reader, ReferenceCache("test"), served, rows, users)


@pytest.fixture(scope="module")
def tiny() -> ImageModel:
    """A model that knows pictures: there, brightness is something to learn."""
    return load_image_model("tiny-diffusion", device=DEVICE)


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("diffusion-dpo", {"beta": 500}),
        ("diffusion-dpo", {"beta": 500, "noiseSamples": 2, "captionDropout": 0}),
        ("rank-dpo", {"beta": 100}),
    ],
)
def test_it_learns_what_was_preferred(tiny: ImageModel, method: str, fields: dict[str, Any]):
    trained = train(tiny, method, None, epochs=6, **fields)
    assert len(trained.losses) == 12 and trained.metrics["skippedSteps"] == 0
    assert sum(trained.losses[-4:]) < sum(trained.losses[:4])
    agreed = measure_picture_accuracy(scored(tiny, trained, None))
    assert agreed is not None and agreed.value == 1


def test_sft_learns_to_draw_what_was_chosen(tiny: ImageModel):
    moved = measure_picture_displacement(scored(tiny, train(tiny, "sft", None, epochs=6), None))
    assert moved is not None and moved.high < -0.1


def test_ppd_learns_and_leaves_the_base_alone(tiny: ImageModel, encoder: SetEncoder):
    before = {name: value.clone() for name, value in tiny.denoiser.state_dict().items()}
    trained = train(tiny, "ppd", encoder, epochs=12, beta=500)
    agreed = measure_picture_accuracy(scored(tiny, trained, encoder))
    assert agreed is not None and agreed.value == 1
    assert all(torch.equal(value, before[name]) for name, value in tiny.denoiser.state_dict().items())


@pytest.mark.parametrize("method", ["diffusion-dpo", "rank-dpo", "ppd"])
def test_every_shape_starts_from_the_reference(model: ImageModel, encoder: SetEncoder, method: str):
    if method == "ppd" and model.is_transformer:
        pytest.skip("a transformer has no cross-attention of its own")
    first = train(model, method, encoder, some=slice(1))
    assert (first.metrics["margin"], first.metrics["accuracy"]) == (0.0, 0.5)
    if method != "rank-dpo":
        assert first.losses == [pytest.approx(math.log(2), abs=1e-6)]


def test_a_model_without_cross_attention_knows_nobody(encoder: SetEncoder):
    with pytest.raises(ValueError, match="no cross-attention of its own"):
        train(ImageModel(PIPELINES["sd3"]().to(DEVICE), "sd3"), "ppd", encoder)


def restored(start: PictureStart) -> dict[str, torch.Tensor]:
    """The state, put back and asked for again."""
    if isinstance(start.trained, Adapter):
        policy = new_policy(start.trained, 1e-3, 0.0)
        restore(policy, "policy", start.tensors)
        return policy.tensors("policy")
    posterior = new_laplace_policy(start.trained, 1.0)
    posterior.restore("policy", start.tensors)
    sums = new_openness_sums(len(start.trained.matrix_DU), ENCODER_SHAPE.tokens * ENCODER_SHAPE.width)
    assert sums is not None
    sums.restore(start.tensors)
    return posterior.tensors("policy") | sums.tensors()


@to_the_bit
@pytest.mark.parametrize("method", METHODS)
def test_it_goes_on_from_its_files_as_if_it_had_never_ended(
    unet: ImageModel, encoder: SetEncoder, method: str
):
    """The weights behind the published ones, and the moments, come back to the bit; without them it goes elsewhere."""
    recipe = recipe_of(method, microBatch=1)
    one = train(unet, method, encoder, some=slice(2), microBatch=1)
    files = publish_files(unet, one, {"lineage": "any"})
    start = read_picture_start(files, unet, recipe, encoder)
    assert start is not None
    tensors = restored(start)
    assert torch.equal(tensors["policy.weights"], one.trained.flat)
    assert all(torch.equal(tensors[name].view_as(value), value) for name, value in one.tensors.items())
    assert all(value.abs().sum() > 0 for value in one.tensors.values())

    two, again = (train(unet, method, encoder, files, slice(2, 4), microBatch=1) for _ in range(2))
    assert publish_files(unet, two) == publish_files(unet, again)
    # steps of a LoRA, votes of a user attention: of one vote each here
    assert two.tensors["policy.seen" if method == "ppd" else "policy.steps"].item() == 4
    alone = {name: content for name, content in files.items() if not name.startswith("state")}
    if method != "ppd":
        other = train(unet, method, encoder, alone, slice(2, 4), microBatch=1)
        assert not torch.equal(other.trained.flat, two.trained.flat)


@to_the_bit
def test_the_seed_decides(unet: ImageModel):
    made = [publish_files(unet, train(unet, "diffusion-dpo", None, seed=seed)) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


def test_an_attention_of_another_user_encoder_is_not_gone_on_from(unet: ImageModel, encoder: SetEncoder):
    files = publish_files(unet, train(unet, "ppd", encoder))
    assert read_picture_start(files, unet, recipe_of("ppd"), encoder) is not None
    assert read_picture_start(files, unet, recipe_of("ppd"), new_encoder(2)) is None


def test_each_vote_that_stands_for_its_person_elsewhere_says_what_its_caption_leaves_open(
    unet: ImageModel, encoder: SetEncoder
):
    first = train(unet, "ppd", encoder, some=slice(2), epochs=3)
    # of two votes the features of one are known, in whatever epoch
    assert first.tensors["openness.inputs"][0, 0] == 1
    _, rows = votes(unet)
    (said_E,) = directions(encoder, [support_of(rows[1].preference)])
    torch.testing.assert_close(first.tensors["openness.moments"][0], torch.outer(said_E, said_E).flatten())
    # one caption alone tells nothing
    assert served_users(unet, first).openness is None
    # and now a vote on the other caption is known
    second = train(unet, "ppd", encoder, publish_files(unet, first), slice(1, 3))
    assert second.tensors["openness.inputs"][0, 0] == 2
    assert served_users(unet, second).openness is not None


def served_users(model: ImageModel, trained: TrainedPictures) -> UserAttention:
    served = read_published(publish_files(model, trained), model)
    assert isinstance(served, UserAttention)
    return served


def test_a_state_from_before_captions_were_heard_is_gone_on_from(unet: ImageModel, encoder: SetEncoder):
    first = train(unet, "ppd", encoder, some=slice(2))
    before = {name: value for name, value in first.tensors.items() if not name.startswith("openness.")}
    second = train(unet, "ppd", encoder, publish_files(unet, replace(first, tensors=before)), slice(2, 4))
    assert second.tensors["policy.seen"].item() == 4
    assert second.tensors["openness.inputs"][0, 0] == 1


def test_a_direction_turns_with_the_vote(encoder: SetEncoder):
    (vote,) = support_of(f"h{1:040x}")
    turned = vote.model_copy(update={"chosen": vote.rejected, "rejected": vote.chosen})
    one, other = directions(encoder, [[vote], [turned]])
    torch.testing.assert_close(one, -other)
    assert one.abs().max() > 0


def test_users_are_as_loud_as_the_recipe_has_it(unet: ImageModel, encoder: SetEncoder):
    trained = train(unet, "ppd", encoder, strength=3, maxLoudness=1.5)
    assert served_users(unet, trained).loudness == Loudness(3.0, 1.5)


def test_a_head_of_another_kind_or_form_is_refused(unet: ImageModel, encoder: SetEncoder):
    lora = publish_files(unet, train(unet, "sft", None))
    with pytest.raises(ValueError, match="the head has no user attention"):
        read_picture_start(lora, unet, recipe_of("ppd"), encoder)
    with pytest.raises(ValueError, match="the head has rank 4 and alpha 8, the recipe asks for 2 and 8"):
        read_picture_start(lora, unet, recipe_of("sft", rank=2))
    users = publish_files(unet, train(unet, "ppd", encoder))
    with pytest.raises(ValueError, match="the head has no LoRA"):
        read_picture_start(users, unet, recipe_of("sft"))


def test_another_methods_state_is_left_aside(unet: ImageModel):
    files = publish_files(unet, train(unet, "sft", None))
    start = read_picture_start(files, unet, recipe_of("diffusion-dpo"))
    assert start is not None and start.tensors == {}


def test_sft_takes_pictures_that_were_liked_without_a_pair(unet: ImageModel):
    pictures: dict[str, bytes] = {}
    reader = PictureReader(unet, pictures.__getitem__)
    liked = vote(1, pictures) | {"pairs": [], "ratings": [4, 5]}
    row = reader.read(Example.model_validate(liked), support_of)
    recipe = recipe_of("sft")
    assert isinstance(recipe, SftRecipe)
    done = train_image_method(unet, reader, None, [row], recipe, lambda: None)
    assert done.metrics["pairs"] == 0 and len(done.losses) == 1


def test_a_picture_that_was_liked_without_a_pair_counts_as_its_vote_says(unet: ImageModel):
    pictures: dict[str, bytes] = {}
    reader = PictureReader(unet, pictures.__getitem__)
    liked = vote(1, pictures) | {"pairs": [], "ratings": [4, 5]}

    def loss(**weight: float) -> float:
        row = reader.read(Example.model_validate(liked | weight), support_of)
        return train_image_method(unet, reader, None, [row], recipe_of("sft"), lambda: None).losses[0]

    assert loss(weight=0.25) == pytest.approx(0.25 * loss(), rel=1e-5)
    assert loss(weight=1.0) == loss() and loss(weight=0.0) == 0


@pytest.mark.parametrize("method", ["sft", "rank-dpo"])
def test_a_vote_counts_by_its_weight_and_one_without_pairs_whole(unet: ImageModel, method: str):
    """Two votes of one step: the second without pairs, the first by what its pairs weigh together."""
    pictures: dict[str, bytes] = {}
    reader = PictureReader(unet, pictures.__getitem__)
    made = [vote(0, pictures, 3), vote(1, pictures) | {"pairs": []}]

    def loss(weight: float) -> float:
        pairs = [pair | {"weight": pair["weight"] * weight} for pair in made[0]["pairs"]]
        rows = [Example.model_validate(one) for one in (made[0] | {"pairs": pairs}, made[1])]
        read = [reader.read(row, support_of, [1.0, 0.5, 0.0][: len(row.images or ())]) for row in rows]
        return train_image_method(unet, reader, None, read, recipe_of(method), lambda: None).losses[0]

    none, half, whole = loss(0.0), loss(0.5), loss(1.0)
    assert half == pytest.approx((none + whole) / 2, rel=1e-5)
    assert 0.1 < none / whole < 0.9


def test_what_cannot_be_trained_is_refused(unet: ImageModel, encoder: SetEncoder):
    with pytest.raises(ValueError, match="ppd needs a user encoder"):
        train(unet, "ppd", None)
    with pytest.raises(ValueError, match="dpo trains on texts"):
        recipe_of("dpo")
    narrow = new_encoder(1, SetEncoderShape(feature_size=4, tokens=2, width=4, hidden=8, rounds=1))
    with pytest.raises(ValueError, match="has 5 features, and the user encoder reads 4"):
        train(unet, "ppd", narrow, epochs=3)
