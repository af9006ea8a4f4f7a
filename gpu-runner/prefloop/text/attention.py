"""The attention function through which every trunk runs: it asks the layout it is handed how rows see each other.

Registered with transformers as "prefloop". Within `running(L)` each layer of a model reaches `L.attend`, so training
(`PackedAttention`) and decoding (a layout with its own key/value store) run the same, unchanged model code.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.attention.flex_attention import BlockMask
from torch.nn.functional import scaled_dot_product_attention
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from prefloop.text.flex_attention import block_mask, flex_attend, usable
from prefloop.text.packing import Segment
from prefloop.text.segment_attention import MaskOf, segment_attention

NAME = "prefloop"
SHORT = 512  # keys up to which a CPU keeps the probabilities for the backward
_UNSUPPORTED = ("softcap", "s_aux", "sinks", "position_bias", "attention_bias")


class Layout(Protocol):
    def attend(
        self,
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        scaling: float | None,
        window: int | None,
    ) -> Tensor:
        """One layer's attention.

        query [B, n_q, T, d], key and value [B, n_kv, T, d] of the layer `module` (n_q a multiple of n_kv);
        returns [B, T, n_q, d]. `window`: a row sees that many positions, itself included; None: all."""
        ...


_LAYOUT: ContextVar[Layout] = ContextVar("prefloop_layout")


@contextmanager
def running(layout: Layout) -> Iterator[None]:
    token = _LAYOUT.set(layout)
    try:
        yield
    finally:
        _LAYOUT.reset(token)


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **kwargs: object,
) -> tuple[Tensor, None]:
    for name in _UNSUPPORTED:
        if kwargs.get(name) is not None:
            raise ValueError(f"{type(module).__name__} uses {name} in its attention, which is not supported")
    return _LAYOUT.get().attend(module, query, key, value, scaling, sliding_window), None


ALL_ATTENTION_FUNCTIONS.register(NAME, attend)


class PackedAttention:
    """Every segment of a packed row attends to the keys and values of its prefixes and, causally, to its own."""

    def __init__(self, segments: Sequence[Segment]):
        self.segments = segments
        self.lengths = [s.rows for s in segments]
        self.index = {s: i for i, s in enumerate(segments)}
        self.used = False
        self.blocks: dict[int | None, BlockMask] = {}
        self.masks: dict[tuple[int, int, int, int | None], Tensor] = {}

    def attend(
        self,
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        scaling: float | None,
        window: int | None,
    ) -> Tensor:
        self.used = True
        if query.device.type == "cpu" and self.short:
            scale = query.shape[-1] ** -0.5 if scaling is None else scaling
            return segment_attention(query, key, value, self.segments, self.mask_of(window), scale)
        if usable(query, key, value):
            if window not in self.blocks:
                self.blocks[window] = block_mask(self.segments, window, query.device)
            return flex_attend(query, key, value, self.blocks[window], scaling)
        keys, values = key.split(self.lengths, dim=2), value.split(self.lengths, dim=2)
        out = []
        for i, (segment, q) in enumerate(zip(self.segments, query.split(self.lengths, dim=2), strict=True)):
            k, v = keys[i], values[i]
            if segment.prefix is not None:
                path = [self.index[part] for part in segment.path]
                k, v = (torch.cat([x[j] for j in path], dim=2) for x in (keys, values))
            causal = segment.prefix is None and (window is None or window >= segment.keys)
            mask = None if causal else self._mask(window, q.dtype, q.device, segment)
            grouped = q.shape[1] != k.shape[1]
            out.append(
                scaled_dot_product_attention(
                    q, k, v, attn_mask=mask, is_causal=causal, scale=scaling, enable_gqa=grouped
                )
            )
        return torch.cat(out, dim=2).transpose(1, 2)

    @property
    def short(self) -> bool:
        """Whether `segment_attention` is the better way on a CPU."""
        return max(s.keys for s in self.segments) <= SHORT

    def mask_of(self, window: int | None) -> MaskOf:
        return partial(self._mask, window, torch.float32, torch.device("cpu"))

    def _mask(
        self, window: int | None, dtype: torch.dtype, device: torch.device, segment: Segment, group: int = 1
    ) -> Tensor:
        """Additive [group · rows, keys]: 0 where seen, -inf where not."""
        rows, keys = segment.rows, segment.keys
        if (mask := self.masks.get((rows, keys, group, window))) is None:
            query_at = torch.arange(keys - rows, keys, device=device)[:, None]
            key_at = torch.arange(keys, device=device)[None, :]
            seen = key_at <= query_at
            if window is not None:
                seen &= query_at - key_at < window
            mask = torch.zeros(rows, keys, dtype=dtype, device=device).masked_fill_(~seen, float("-inf"))
            self.masks[rows, keys, group, window] = mask = mask.repeat(group, 1)
        return mask
