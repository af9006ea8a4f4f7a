"""Keys and values of the texts being written, in preallocated slots, and the two layouts that fill and read them.

Shapes: L layers · S slots · C positions of a slot · B rows of one decoding step · P tokens of a prompt · n_q query and
n_kv key heads, G = n_q / n_kv · d head features · K positions that the longest of the B texts has.

A slot holds one text. Positions beyond its length are zero, always: a masked position then adds an exact zero to a sum,
and nothing of an earlier text, finite or not, can reach a later one.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from prefloop.adapters.gemm import strided_products
from prefloop.text.attention import PackedAttention
from prefloop.text.packing import Segment


class KVCache:
    """`slots` texts of at most `context` tokens. The memory is reserved when the first prompt tells its shape."""

    def __init__(self, layers: int, slots: int, context: int, device: torch.device):
        self.num_layers, self.slots, self.context, self.device = layers, slots, context, device
        self.keys: list[Tensor] = []  # L times [S, n_kv, C, d]
        self.values: list[Tensor] = []
        self._stores: list[Tensor] = []  # the same memory, [L, S, n_kv, C, d]

    def fill(self, layer: int, slots: Sequence[int], key_kPd: Tensor, value_kPd: Tensor) -> None:
        """Store a prompt's keys and values [n_kv, P, d] of one layer in empty slots."""
        if not self.keys:
            self._reserve(key_kPd, value_kPd)
        for store, x in ((self.keys[layer], key_kPd), (self.values[layer], value_kPd)):
            for slot in slots:
                store[slot, :, : x.shape[1]] = x

    def clear(self, slot: int, length: int) -> None:
        for store in self._stores:
            store[:, slot, :, :length] = 0

    def move(self, source: int, target: int, length: int) -> None:
        """Move a text to an empty slot."""
        for store in self._stores:
            store[:, target, :, :length] = store[:, source, :, :length]
        self.clear(source, length)

    def reorder(self, sources: Sequence[int], length: int) -> None:
        """Slot i gets a copy of the text of slot sources[i], for all i at once; all have `length` tokens."""
        index = torch.tensor(list(sources), device=self.device)
        for store in self._stores:
            store[:, : len(sources), :, :length] = store[:, index, :, :length]

    def _reserve(self, key_kPd: Tensor, value_kPd: Tensor) -> None:
        for x in (key_kPd, value_kPd):
            shape = (self.num_layers, self.slots, x.shape[0], self.context, x.shape[2])
            if self.device.type == "cpu":
                # fp32 whatever the model's type: batched bf16 products are the slower ones on a CPU. numpy's zeros
                # take no memory before they are written to.
                self._stores.append(torch.from_numpy(np.zeros(shape, np.float32)))
            else:
                self._stores.append(torch.zeros(shape, dtype=x.dtype, device=self.device))
        self.keys, self.values = (list(store.unbind(0)) for store in self._stores)


class PrefillLayout(PackedAttention):
    """Prompts side by side in one packed row; what they leave in each layer goes into the slots of their texts."""

    def __init__(self, cache: KVCache, segments: Sequence[Segment], slots: Sequence[Sequence[int]]):
        super().__init__(segments)
        self.cache = cache
        self.slots = slots  # of each segment

    def attend(
        self,
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        scaling: float | None,
        window: int | None,
    ) -> Tensor:
        for segment, slots in zip(self.segments, self.slots, strict=True):
            part = slice(segment.start, segment.stop)
            self.cache.fill(_layer(module), slots, key[0, :, part], value[0, :, part])
        return super().attend(module, query, key, value, scaling, window)


class DecodeLayout:
    """One new token for each of the B texts in the slots 0..B-1, at positions_B of its own text."""

    def __init__(self, cache: KVCache, positions_B: np.ndarray):
        self.cache = cache
        self.positions_B1 = positions_B[:, None]
        self.longest = int(positions_B.max()) + 1
        self.targets: dict[int, Tensor] = {}
        self.masks: dict[tuple[int, int, int | None], Tensor] = {}

    def attend(
        self,
        module: nn.Module,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        scaling: float | None,
        window: int | None,
    ) -> Tensor:
        """query [B, n_q, 1, d], key and value [B, n_kv, 1, d]; returns [B, 1, n_q, d]."""
        rows, heads, _, size = query.shape
        kv_heads = key.shape[1]
        layer = _layer(module)
        keys, values = self.cache.keys[layer], self.cache.values[layer]
        for store, new in ((keys, key), (values, value)):
            flat = store.view(-1, store.shape[-1])
            flat.index_copy_(0, self._targets(kv_heads), new.reshape(-1, new.shape[-1]).to(store.dtype))
        # [B · n_kv, ·, ·]: the heads that share keys are the rows of one product
        q = query.reshape(rows * kv_heads, heads // kv_heads, size).to(keys.dtype)
        k = keys[:rows, :, : self.longest].reshape(rows * kv_heads, self.longest, size)
        v = values[:rows, :, : self.longest].reshape(rows * kv_heads, self.longest, values.shape[-1])
        scale = 1 / math.sqrt(size) if scaling is None else scaling
        mask = self._mask(kv_heads, heads // kv_heads, window, k)
        with strided_products():
            scores = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=scale)
            probs = torch.softmax(scores, -1, dtype=torch.float32).to(v.dtype)
            out = torch.bmm(probs, v)
        return out.view(rows, 1, heads, values.shape[-1]).to(query.dtype)

    def _targets(self, kv_heads: int) -> Tensor:
        """[B · n_kv]: where the new keys go in a layer's store seen as rows of d features."""
        if (targets := self.targets.get(kv_heads)) is None:
            slots_B1 = np.arange(len(self.positions_B1))[:, None]
            flat = (slots_B1 * kv_heads + np.arange(kv_heads)) * self.cache.context + self.positions_B1
            self.targets[kv_heads] = targets = torch.from_numpy(flat.reshape(-1)).to(self.cache.device)
        return targets

    def _mask(self, kv_heads: int, group: int, window: int | None, like: Tensor) -> Tensor:
        """[B · n_kv, G, K]: 0 where a text sees its own positions, -inf beyond its end and its window."""
        if (mask := self.masks.get((kv_heads, group, window))) is None:
            at_K = np.arange(self.longest)
            seen_BK = at_K <= self.positions_B1
            if window is not None:
                seen_BK &= self.positions_B1 - at_K < window
            mask_BK = torch.from_numpy(np.where(seen_BK, np.float32(0), np.float32("-inf"))).to(like)
            mask = mask_BK[:, None, None].expand(-1, kv_heads, group, -1).reshape(-1, group, self.longest)
            self.masks[kv_heads, group, window] = mask
        return mask


def _layer(module: nn.Module) -> int:
    index = module.layer_idx
    assert isinstance(index, int)
    return index
