"""The built-in tiny diffusion model: small, an ordinary folder, and it draws what a caption asks for."""

import random

from prefloop.image.model import BUILT_IN, load_image_model
from prefloop.image.sample import sample_pictures
from prefloop.tiny.sprites.attributes import ATTRIBUTES, caption_of, sample_known
from prefloop.tiny.sprites.reader import accuracy, read_images


def test_it_is_small_and_holds_no_pickle():
    files = [path for path in BUILT_IN.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 12_000_000
    assert {path.suffix for path in files} == {".json", ".safetensors"}


def test_it_draws_what_a_caption_asks_for():
    rng = random.Random("held")
    known = [sample_known(rng, most=len(ATTRIBUTES)) for _ in range(60)]
    pictures = sample_pictures(
        load_image_model("tiny-diffusion"), [caption_of(one) for one in known], range(60)
    )
    readings = read_images(pictures)
    assert accuracy(known, readings) >= 0.85
    # recognisable: near some drawing, not a blur between several
    assert sum(reading.error for reading in readings) / len(readings) < 0.04
