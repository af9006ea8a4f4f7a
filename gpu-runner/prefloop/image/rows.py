"""From examples to what a denoiser trains on: latents of their pictures, what the text encoders say of their captions.

Both are kept by content: a picture is encoded once however many votes and epochs it is in.
Shapes: k pictures of one prompt · C, H, W of a latent · B pictures.
"""

from __future__ import annotations

import hashlib
import io
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from prefloop.contracts import Example, Pair, Prompt, SupportVote
from prefloop.image.model import Condition, ImageModel
from prefloop.text.encode import Untrainable

# As the edge has it: a picture of more would take gigabytes to decode.
MAX_PIXELS = 50_000_000
KEPT_LATENTS, KEPT_CAPTIONS = 20_000, 5_000


@dataclass(frozen=True)
class PictureRow:
    """One preference over pictures. phi_k: how likely each is preferred to another one; support: votes that the person
    is known by, the newest first."""

    preference: str
    caption: str
    latents_kCHW: Tensor
    pairs: tuple[Pair, ...]
    phi_k: tuple[float, ...]
    support: tuple[SupportVote, ...] = ()
    user: str | None = None


class PictureReader:
    """fetch: the bytes of a picture by its sha256; raises LookupError where there is none."""

    def __init__(self, model: ImageModel, fetch: Callable[[str], bytes]) -> None:
        self.model, self._fetch = model, fetch
        self._latents: OrderedDict[str, Tensor] = OrderedDict()
        self._conditions: OrderedDict[str, Condition] = OrderedDict()
        self._nothing: Condition | None = None

    def read(
        self,
        example: Example,
        support: Callable[[str], Sequence[SupportVote]],
        phi: Sequence[float] | None = None,
    ) -> PictureRow:
        """support: the pairs of a vote that the example names, by its id. phi: where it is known better than from the vote.

        Raises Untrainable: needsImages, unreadableImage, equalTexts (all pictures that are compared are one).
        """
        if not example.images:
            raise Untrainable("needsImages", "these are texts, and the model draws pictures")
        pairs = tuple(p for p in example.pairs if example.images[p.chosen] != example.images[p.rejected])
        if example.pairs and not pairs:
            raise Untrainable("equalTexts", "the pictures are one and the same")
        named = [pair for one in example.support or () for pair in support(one)]
        return PictureRow(
            example.preference,
            caption_of(example.prompt),
            torch.stack([self.latents(sha) for sha in example.images]),
            pairs,
            tuple(phi) if phi is not None else phi_of(example),
            tuple(named),
            example.user_key,
        )

    def latents(self, sha256: str) -> Tensor:
        """(C, H, W) on the CPU. Raises Untrainable("unreadableImage")."""
        if sha256 not in self._latents:
            try:
                content = self._fetch(sha256)
            except LookupError as error:
                raise Untrainable("unreadableImage", f"there is no picture {sha256[:12]}…") from error
            image_3HW = decode_picture(content, self.model.size)
            self._latents[sha256] = self.model.latents(image_3HW[None])[0].cpu()
            while len(self._latents) > KEPT_LATENTS:
                self._latents.popitem(last=False)
        return self._latents[sha256]

    def conditions(self, captions: Sequence[str | None]) -> Condition:
        """One a caption; None: nothing is asked for."""
        named = [caption for caption in dict.fromkeys(captions) if caption is not None]
        missing = [caption for caption in named if caption not in self._conditions]
        if missing:
            said = self.model.condition(missing)
            for place, caption in enumerate(missing):
                self._conditions[caption] = said.at(slice(place, place + 1))
        self._nothing = self._nothing or self.model.nothing_asked(1)
        rows = [self._nothing if caption is None else self._conditions[caption] for caption in captions]
        while len(self._conditions) > KEPT_CAPTIONS:
            self._conditions.popitem(last=False)
        return _joined(rows)


def decode_picture(content: bytes, size: int) -> Tensor:
    """(3, size, size) from -1 to 1: the middle square, resized. Raises Untrainable("unreadableImage")."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise Untrainable(
                    "unreadableImage", f"{opened.width} × {opened.height} pixels, at most 50 million fit"
                )
            picture = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise Untrainable("unreadableImage", f"it is no PNG, JPEG or WebP: {error}") from error
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    picture = picture.crop((left, top, left + side, top + side))
    if side != size:
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 127.5 - 1


def caption_of(prompt: Prompt) -> str:
    """A plain prompt, or the last thing that the user said."""
    if prompt.text is not None:
        return prompt.text
    users = [message.content for message in prompt.messages or () if message.role == "user"]
    return users[-1] if users else ""


def phi_of(example: Example) -> tuple[float, ...]:
    """Per picture the mean, over the others, of the probability that it is preferred; ½ where nothing was said."""
    k = len(example.images or ())
    wins = [[0.5] * k for _ in range(k)]
    for pair in example.pairs:
        wins[pair.chosen][pair.rejected] = pair.p
        wins[pair.rejected][pair.chosen] = 1 - pair.p
    return tuple((sum(row) - 0.5) / max(1, k - 1) for row in wins)


def picture_sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _joined(conditions: Sequence[Condition]) -> Condition:
    column = lambda parts: None if parts[0] is None else torch.cat(parts)
    return Condition(
        torch.cat([one.tokens_BTD for one in conditions]),
        column([one.pooled_BP for one in conditions]),
        column([one.sizes_B6 for one in conditions]),
    )
