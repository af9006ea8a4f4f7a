"""From examples to what a denoiser trains on: latents of their pictures, what the text encoders say of their captions.

Both are kept by content: a picture is encoded once however many votes, epochs and batches it is in.
Shapes: k pictures of one prompt · C, H, W of a latent · N pictures of several rows · B captions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from prefloop.contracts import Example, Pair, Prompt, SupportVote
from prefloop.image.model import Condition, ImageModel
from prefloop.image.picture import decode_picture
from prefloop.image.tensor_cache import TensorCache, Tensors
from prefloop.text.encode import Untrainable


@dataclass(frozen=True)
class PictureRow:
    """One preference over pictures, by their hashes. phi_k: how likely each is preferred to another one; support: votes
    that the person is known by, the newest first; weight: what it counts where it has no pairs to say it."""

    preference: str
    caption: str
    images: tuple[str, ...]
    pairs: tuple[Pair, ...]
    phi_k: tuple[float, ...]
    support: tuple[SupportVote, ...] = ()
    user: str | None = None
    weight: float = 1.0


class PictureReader:
    """fetch: the bytes of a picture by its sha256; raises LookupError where there is none. cache: of this model."""

    def __init__(
        self, model: ImageModel, fetch: Callable[[str], bytes], cache: TensorCache | None = None
    ) -> None:
        self.model, self._fetch = model, fetch
        self._cache = cache or TensorCache("")

    def read(
        self,
        example: Example,
        support: Callable[[str], Sequence[SupportVote]],
        phi: Sequence[float] | None = None,
    ) -> PictureRow:
        """support: the pairs of a vote that the example names, by its id. phi: where it is known better than from the vote.

        Raises Untrainable: needsImages, unreadableImage, equalTexts (all pictures that are compared are one); and ValueError
        for pairs of pictures that are not there.
        """
        if not example.images:
            raise Untrainable("needsImages", "these are texts, and the model draws pictures")
        if any(max(p.chosen, p.rejected) >= len(example.images) for p in example.pairs):
            raise ValueError(f"vote {example.preference} names a picture beyond its {len(example.images)}")
        pairs = tuple(p for p in example.pairs if example.images[p.chosen] != example.images[p.rejected])
        if example.pairs and not pairs:
            raise Untrainable("equalTexts", "the pictures are one and the same")
        for sha256 in example.images:
            self._latents(sha256)
        return PictureRow(
            example.preference,
            caption_of(example.prompt),
            tuple(example.images),
            pairs,
            tuple(phi) if phi is not None else phi_of(example),
            tuple(pair for one in example.support or () for pair in support(one)),
            example.user_key,
            1.0 if example.weight is None else example.weight,
        )

    def latents(self, rows: Sequence[PictureRow]) -> Tensor:
        """(N, C, H, W) of all their pictures, on the model's device."""
        return torch.stack([self._latents(sha256) for row in rows for sha256 in row.images]).to(
            self.model.device, self.model.dtype
        )

    def conditions(self, captions: Sequence[str | None]) -> Condition:
        """(B,), one a caption; None: nothing is asked for."""
        found = {caption: self._condition(caption) for caption in dict.fromkeys(captions)}
        column = lambda name: torch.cat([found[caption][name] for caption in captions]).to(self.model.device)
        names = next(iter(found.values())).keys()
        return Condition(**{name: column(name) for name in names})

    def _latents(self, sha256: str) -> Tensor:
        """(C, H, W). One by one: the numbers do not depend on which pictures come together."""

        def encode() -> Tensors:
            try:
                content = self._fetch(sha256)
            except LookupError as error:
                raise Untrainable("unreadableImage", f"there is no picture {sha256[:12]}…") from error
            image_3HW = decode_picture(content, self.model.size)
            return {"latents": self.model.latents(image_3HW[None])[0]}

        return self._cache.get(f"picture {sha256}", encode)["latents"]

    def _condition(self, caption: str | None) -> Tensors:
        def encode() -> Tensors:
            said = self.model.nothing_asked(1) if caption is None else self.model.condition([caption])
            return {name: part for name, part in vars(said).items() if part is not None}

        return self._cache.get("nothing" if caption is None else f"caption {caption}", encode)


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
