"""Small pictures made from a number, and votes on them."""

import io
from typing import Any

import numpy as np
from PIL import Image

from prefloop.image.picture import picture_sha


def picture(seed: int, is_bright: bool = False) -> bytes:
    """A PNG of 24 × 20: smooth colours, so that a denoiser has something to learn."""
    corners = np.random.default_rng(seed).integers(0, 96, (3, 3, 3), dtype=np.uint8) + 159 * is_bright
    return png(Image.fromarray(corners).resize((24, 20), Image.Resampling.BILINEAR))


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def vote(
    number: int, pictures: dict[str, bytes], count: int = 2, caption: str = "", **more: Any
) -> dict[str, Any]:
    """An Example whose first picture, the bright one, is chosen over each other one; the bytes are added to `pictures` by their hash."""
    made = [picture(10 * number + place, place == 0) for place in range(count)]
    images = [picture_sha(content) for content in made]
    pictures.update(zip(images, made, strict=True))
    pairs = [{"chosen": 0, "rejected": i, "p": 1.0, "weight": 1 / (count - 1)} for i in range(1, count)]
    return {
        "preference": f"h{number:040x}",
        "prompt": {"text": caption or f"a creature, on {['snow', 'sand'][number % 2]}"},
        "completions": [],
        "images": images,
        "pairs": pairs,
        **more,
    }
