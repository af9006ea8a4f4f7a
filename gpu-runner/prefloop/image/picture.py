"""From a picture's bytes to numbers."""

import hashlib
import io

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from prefloop.text.encode import Untrainable

# As the edge has it: a picture of more would take gigabytes to decode.
MAX_PIXELS = 50_000_000
_DEEP = ("I", "I;16", "I;16B", "I;16L")


def decode_picture(content: bytes, size: int) -> Tensor:
    """(3, size, size) from -1 to 1: the middle square of `open_picture`, resized. Raises what that raises."""
    picture = open_picture(content)
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    picture = picture.crop((left, top, left + side, top + side))
    if side != size:
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 127.5 - 1


def open_picture(content: bytes) -> Image.Image:
    """RGB, as a page shows it: upright, on white where it is transparent.

    Raises Untrainable("unreadableImage") for what is no PNG, JPEG or WebP, or has more than 50 million pixels.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise Untrainable(
                    "unreadableImage", f"{opened.width} × {opened.height} pixels, at most 50 million fit"
                )
            return _flat(ImageOps.exif_transpose(opened))
    except Untrainable:
        raise
    # Pillow has no class for what it cannot read: broken files end in any of these.
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise Untrainable("unreadableImage", f"it is no PNG, JPEG or WebP: {error}") from error


def picture_sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _flat(picture: Image.Image) -> Image.Image:
    """RGB, 8 bits a channel."""
    if picture.mode in _DEEP:
        return Image.fromarray((np.array(picture).astype(np.uint32) >> 8).astype(np.uint8)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
