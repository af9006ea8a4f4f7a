"""User cross-attention (PPD, arXiv 2501.06655): beside what a caption says, what is known of who will see the picture.

Next to every cross-attention of a U-Net: Z = softmax(Q Kᵀ/√d) V + softmax(Q K'ᵀ/√d) V' with K' = e W'ₖᵀ, V' = e W'ᵥᵀ, where e
are the user's tokens. No bias, so that a user of zeros changes nothing. The base's own attention is as it was.

What is trained is one projection P of a user's tokens to where a caption's tokens lie, the same for every attention:
W'ₖ = Wₖ P and W'ᵥ = Wᵥ P with the base's own Wₖ and Wᵥ. A person then says things as a caption does, and a handful of votes
moves a few thousand numbers instead of a hundred times as many. P begins at zero: a fresh one changes nothing, and learns
through V' (the paper trains W' freely). A user is listened to while a picture takes shape (`noising.SHAPING`), of what the
caption leaves open (`openness`).

Shapes: B pictures · S places · T tokens of a caption, D their width · N of a user, U their width · I inner width of an
attention, H its heads.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention

from prefloop.adapters.lora import flat_pairs
from prefloop.image.listening import who_is_heard
from prefloop.image.model import Condition, ImageModel
from prefloop.image.openness import Openness, heading


@dataclass(frozen=True)
class Loudness:
    """How loud users are when pictures are drawn: what one says `strength` times, but never louder than `max_loudness`, the root mean
    square of a user's numbers. A posterior from few votes says too little; who is known well, said louder still, drowns the caption."""

    strength: float = 1.0
    max_loudness: float = math.inf

    def of(self, users_BNU: Tensor) -> Tensor:
        louder_BNU = self.strength * users_BNU
        loud_B11 = louder_BNU.square().mean((1, 2), keepdim=True).sqrt()
        return louder_BNU * (self.max_loudness / loud_B11).clamp(max=1.0)


@dataclass(eq=False)
class UserAttention:
    """(W'ₖ, W'ᵥ), fp32 [I, U] each, by the path of an attention; views of one flat buffer, as are their gradients."""

    width: int
    flat: nn.Parameter
    pairs: dict[str, tuple[nn.Parameter, nn.Parameter]]
    loudness: Loudness = field(default_factory=Loudness)
    openness: Openness | None = None

    def pair(self, path: str) -> tuple[Tensor, Tensor]:
        """(W'ₖ, W'ᵥ) of one attention."""
        return self.pairs[path]

    def freeze(self) -> "UserAttention":
        """No gradients from now on."""
        for parameter in (self.flat, *(p for pair in self.pairs.values() for p in pair)):
            parameter.requires_grad_(False)
            parameter.grad = None
        return self


@dataclass(eq=False)
class CaptionAttention:
    """What a base does with a caption: its own (Wₖ, Wᵥ), [I, D] each, by the path of an attention."""

    pairs: dict[str, tuple[Tensor, Tensor]]

    def pair(self, path: str) -> tuple[Tensor, Tensor]:
        return self.pairs[path]


@dataclass(eq=False)
class UserProjection:
    """What is trained. flat: P, [D·U] fp32; base: what reads what it says."""

    width: int
    flat: nn.Parameter
    base: CaptionAttention
    loudness: Loudness = field(default_factory=Loudness)
    openness: Openness | None = None

    @property
    def matrix_DU(self) -> Tensor:
        """P."""
        return self.flat.view(-1, self.width)

    def tokens(self, users_BNU: Tensor) -> Tensor:
        """(B, N, D): what users say, as a caption would."""
        return linear(users_BNU.to(self.flat.device, self.flat.dtype), self.matrix_DU)

    def pair(self, path: str) -> tuple[Tensor, Tensor]:
        """(W'ₖ, W'ᵥ) of one attention; differentiable in P."""
        key_ID, value_ID = self.base.pair(path)
        return key_ID.float() @ self.matrix_DU, value_ID.float() @ self.matrix_DU

    def freeze(self) -> "UserProjection":
        """No gradients from now on."""
        self.flat.requires_grad_(False)
        self.flat.grad = None
        return self

    @torch.no_grad()
    def unfolded(self) -> UserAttention:
        """The same as an attention that stands by itself: what is published."""
        made = {path: self.pair(path) for path in self.base.pairs}
        attention = empty_user_attention(
            {path: len(key) for path, (key, _) in made.items()}, self.width, self.flat.device
        )
        for path, pair in attention.pairs.items():
            for weight, value in zip(pair, made[path], strict=True):
                weight.copy_(value)
        attention.loudness, attention.openness = self.loudness, self.openness
        return attention.freeze()


Users = UserAttention | UserProjection | CaptionAttention


def as_asked(trained: Users, users_BNU: Tensor, condition: Condition) -> Tensor:
    """What users say of what each caption leaves open, where the attention knows that. condition: of one picture a user."""
    if isinstance(trained, CaptionAttention) or trained.openness is None:
        return users_BNU
    return trained.openness.of(users_BNU, heading(condition.tokens_BTD))


# Who sees the pictures of the run, one user a picture.
_SEEN_BY: ContextVar[tuple[Users, Tensor] | None] = ContextVar("prefloop_seen_by", default=None)


@contextmanager
def seen_by(attention: Users, users_BNU: Tensor) -> Iterator[None]:
    """Within, picture i of every run is drawn for users_BNU[i]; a user of zeros is nobody in particular.

    With guidance a pipeline runs every picture twice, without its caption and with it: the users are repeated as often.
    """
    token = _SEEN_BY.set((attention, users_BNU))
    try:
        yield
    finally:
        _SEEN_BY.reset(token)


def cross_attentions(model: ImageModel) -> dict[str, Any]:
    """By path. Raises ValueError for a denoiser that has none apart from its self-attention (SD3's)."""
    found = {} if model.is_transformer else {
        path: module for path, module in model.denoiser.named_modules() if path.endswith(".attn2")
    }  # fmt: skip
    if not found:
        raise ValueError(f"{model.name!r} has no cross-attention of its own to stand beside: a U-Net has")
    return found


def personalize(model: ImageModel, width: int) -> UserProjection:
    """A fresh projection for users of `width` numbers a token; the model's cross-attentions can take users from now on."""
    base = {path: (a.to_k.weight_OI, a.to_v.weight_OI) for path, a in cross_attentions(model).items()}
    depth = {key_ID.shape[1] for key_ID, _ in base.values()}
    if len(depth) > 1:
        raise ValueError(f"{model.name!r}: its cross-attentions read captions of several widths")
    install(model)
    fresh = nn.Parameter(torch.zeros(depth.pop() * width, device=model.device))
    return UserProjection(width, fresh, CaptionAttention(base))


def install(model: ImageModel) -> None:
    """Has every cross-attention look for users; without them it computes what it did. May be done again."""
    for path, attention in cross_attentions(model).items():
        attention.set_processor(_PersonalProcessor(path))


def empty_user_attention(
    inner: dict[str, int], width: int, device: torch.device | str = "cpu"
) -> UserAttention:
    """Of zeros. inner: the inner width of each attention."""
    shapes = {path: (torch.Size((i, width)), torch.Size((i, width))) for path, i in inner.items()}
    return UserAttention(width, *flat_pairs(shapes, device))


def _inner(attention: Any) -> int:
    return attention.to_q.out_features


class _PersonalProcessor:
    """diffusers' scaled-dot-product processor for a plain cross-attention, with the user's share added before `to_out`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        *_: Any,
        **__: Any,
    ) -> Tensor:
        residual_BSC = hidden_states
        if attn.norm_cross:
            encoder_hidden_states = attn.norm_encoder_hidden_states(encoder_hidden_states)
        split = lambda x: x.unflatten(-1, (attn.heads, -1)).transpose(1, 2)
        query_BHSd = split(attn.to_q(hidden_states))
        key_BHTd, value_BHTd = (
            split(attn.to_k(encoder_hidden_states)),
            split(attn.to_v(encoder_hidden_states)),
        )
        mask: Any = attention_mask
        if mask is not None:
            count, tokens = encoder_hidden_states.shape[:2]
            mask = attn.prepare_attention_mask(mask, tokens, count)
            mask = mask.view(count, attn.heads, -1, mask.shape[-1])
        out_BHSd = scaled_dot_product_attention(query_BHSd, key_BHTd, value_BHTd, attn_mask=mask)
        if (seen := _SEEN_BY.get()) is not None:
            out_BHSd = out_BHSd + _for_users(query_BHSd, *seen[0].pair(self.path), seen[1], split)
        out_BSI = out_BHSd.transpose(1, 2).flatten(2)
        out_BSC = attn.to_out[1](attn.to_out[0](out_BSI))
        if attn.residual_connection:
            out_BSC = out_BSC + residual_BSC
        return out_BSC / attn.rescale_output_factor


def _for_users(query_BHSd: Tensor, key_IU: Tensor, value_IU: Tensor, users_BNU: Tensor, split: Any) -> Tensor:
    count = len(query_BHSd)
    if count % len(users_BNU):
        raise ValueError(f"{count} pictures cannot be shared among {len(users_BNU)} users")
    users_BNU = users_BNU.to(query_BHSd.device, query_BHSd.dtype)
    users_BNU = users_BNU.repeat(count // len(users_BNU), 1, 1)
    if (heard_B := who_is_heard()) is not None:
        users_BNU = users_BNU * heard_B[:, None, None].to(users_BNU.dtype)
    key_BHNd, value_BHNd = (
        split(linear(users_BNU, weight_IU.to(users_BNU.dtype))) for weight_IU in (key_IU, value_IU)
    )
    return scaled_dot_product_attention(query_BHSd, key_BHNd, value_BHNd)
