"""Bytes to numbers: as a page shows them, or refused with a reason."""

import io
import random

import numpy as np
import pytest
import torch
from image.made_pictures import picture, png
from PIL import Image

from prefloop.image.picture import decode_picture
from prefloop.text.encode import Untrainable

RED, BLUE = (255, 0, 0), (0, 0, 255)


def two_halves(width: int = 32, height: int = 32) -> Image.Image:
    """Red on the left, blue on the right."""
    made = Image.new("RGB", (width, height), RED)
    made.paste(BLUE, (width // 2, 0, width, height))
    return made


def file_of(image: Image.Image, format: str, **more) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **more)
    return file.getvalue()


def corners(image_3HW: torch.Tensor) -> list[list[int]]:
    """RGB of the upper left and of the lower right corner."""
    pixels = ((image_3HW + 1) * 127.5).round().int()
    return [pixels[:, 0, 0].tolist(), pixels[:, -1, -1].tolist()]


def test_the_middle_square_is_kept_and_resized():
    wide = decode_picture(png(two_halves(96, 32)), 16)
    assert wide.shape == (3, 16, 16) and wide.min() == -1 and wide.max() == 1
    assert corners(wide) == [list(RED), list(BLUE)]
    strip = two_halves(96, 32)
    strip.paste("green", (0, 0, 20, 32))
    assert corners(decode_picture(png(strip), 16)) == [list(RED), list(BLUE)]


def test_a_photo_is_upright_as_its_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    turned = decode_picture(file_of(two_halves(), "JPEG", exif=exif, quality=100, subsampling=0), 32)
    blue, red = corners(turned)
    assert blue[2] > 200 and blue[0] < 60 and red[0] > 200 and red[2] < 60


def test_what_is_transparent_is_white_whatever_colour_lies_beneath():
    clear = Image.new("RGBA", (32, 32), (10, 20, 30, 0))
    assert corners(decode_picture(file_of(clear, "PNG"), 32))[0] == [255, 255, 255]
    assert corners(decode_picture(file_of(clear, "WEBP", lossless=True), 32))[0] == [255, 255, 255]


def test_sixteen_bits_a_channel_are_read_as_eight():
    deep = Image.fromarray(np.full((32, 32), 128 * 256, np.uint16))
    assert corners(decode_picture(png(deep), 32))[0] == [128, 128, 128]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_every_mode_becomes_rgb(mode: str):
    assert decode_picture(png(two_halves().convert(mode)), 8).shape == (3, 8, 8)


def test_a_picture_too_large_to_decode_is_refused_before_it_is_decoded():
    huge = png(Image.new("1", (10_000, 5_001)))
    with pytest.raises(Untrainable, match="10000 × 5001 pixels, at most 50 million") as refused:
        decode_picture(huge, 8)
    assert refused.value.reason == "unreadableImage"


@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"GIF89a", file_of(two_halves(), "GIF"), picture(1)[:200]]
)
def test_what_is_no_picture_is_refused(content: bytes):
    with pytest.raises(Untrainable, match="no PNG, JPEG or WebP") as refused:
        decode_picture(content, 8)
    assert refused.value.reason == "unreadableImage"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_broken_file_is_read_or_refused_and_nothing_else(format: str):
    exif = Image.Exif()
    exif[0x0112] = 6
    whole, chance = file_of(two_halves(), format, exif=exif), random.Random(1)
    for _ in range(400):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(chance.choice([min(80, len(whole)), len(whole)]))] = chance.randrange(256)
        try:
            assert decode_picture(bytes(broken), 8).shape == (3, 8, 8)
        except Untrainable as refused:
            assert refused.reason == "unreadableImage"
