"""Adapters: an fp32 (A, B) for each layer of a frozen model, in one flat buffer. ΔW = alpha / r · B A.

An adapter is a plain object beside the model; `adapted_linear` runs rows through it, `files` writes it as PEFT does.

Shapes: I, O in- and out-features of a layer · r rank. A [r, I], B [O, r], as PEFT stores them.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn


class Layer(Protocol):
    """What an adapter has to know of a layer (`adapted_linear.AdaptedLinear`)."""

    weight: Tensor

    @property
    def in_features(self) -> int: ...

    @property
    def out_features(self) -> int: ...


@dataclass(eq=False)
class Adapter:
    """One LoRA: an fp32 (A, B) per adapted layer, all of them views of one flat buffer, as are their gradients.

    r, alpha: as in PEFT; the scale is alpha / r. `pairs` is keyed by the layer's module path below the causal LM.
    """

    r: int
    alpha: float
    flat: nn.Parameter
    pairs: dict[str, tuple[nn.Parameter, nn.Parameter]]

    @property
    def scale(self) -> float:
        return self.alpha / self.r

    def parameters(self) -> Iterator[nn.Parameter]:
        for a, b in self.pairs.values():
            yield a
            yield b

    def freeze(self) -> "Adapter":
        """No gradients from now on (serving, reference, gates)."""
        for p in (self.flat, *self.parameters()):
            p.requires_grad_(False)
            p.grad = None
        return self

    def pair(self, path: str, dtype: torch.dtype) -> tuple[Tensor, Tensor] | None:
        """(A, B) of one layer in the run's dtype; None where this adapter has none."""
        if (pair := self.pairs.get(path)) is None:
            return None
        # cast anew for each run: a fused optimizer writes without a trace by which a copy could be known as stale
        a_rI, b_Or = pair
        return a_rI.detach().to(dtype), b_Or.detach().to(dtype)


def target_paths(layers: Mapping[str, Layer], targets: str | Sequence[str] = "all-linear") -> list[str]:
    """The layers named by PEFT's `target_modules`: "all-linear", or names each of which ends some module path.

    Raises ValueError for a name that fits no layer.
    """
    if targets == "all-linear":
        return list(layers)
    names = [targets] if isinstance(targets, str) else list(targets)
    fits = lambda path, name: path == name or path.endswith("." + name)
    for name in names:
        if not any(fits(path, name) for path in layers):
            raise ValueError(f"no linear layer is called {name!r}")
    return [path for path in layers if any(fits(path, name) for name in names)]


def new_adapter(
    layers: Mapping[str, Layer],
    r: int,
    alpha: float,
    seed: int,
    targets: str | Sequence[str] = "all-linear",
) -> Adapter:
    """A fresh adapter: A uniform in ±√(1/I) as PEFT draws it (Kaiming, a = √5), B zero, so that it changes nothing."""
    paths = target_paths(layers, targets)
    adapter = empty_adapter({p: (layers[p].in_features, layers[p].out_features) for p in paths}, r, alpha)
    generator = torch.Generator().manual_seed(seed)
    for a_rI, _ in adapter.pairs.values():
        bound = 1 / math.sqrt(a_rI.shape[1])
        drawn = torch.empty(a_rI.shape).uniform_(-bound, bound, generator=generator)
        with torch.no_grad():
            a_rI.copy_(drawn)
    device = next(iter(layers.values())).weight.device
    return adapter if device.type == "cpu" else moved(adapter, device)


def empty_adapter(
    sizes: dict[str, tuple[int, int]], r: int, alpha: float, device: torch.device | str = "cpu"
) -> Adapter:
    """An adapter of zeros for layers of (in, out) features."""
    shapes = {path: (torch.Size((r, i)), torch.Size((o, r))) for path, (i, o) in sizes.items()}
    return Adapter(r, alpha, *flat_pairs(shapes, device))


def flat_pairs(
    shapes: Mapping[str, tuple[torch.Size, torch.Size]], device: torch.device | str
) -> tuple[nn.Parameter, dict[str, tuple[nn.Parameter, nn.Parameter]]]:
    """(one fp32 buffer of zeros, its views by path): parameters whose gradients are views of the buffer's gradient."""
    size = sum(math.prod(one) + math.prod(other) for one, other in shapes.values())
    flat = nn.Parameter(torch.zeros(size, device=device))
    flat.grad = torch.zeros_like(flat)
    pairs = {}
    grads = _views(flat.grad, shapes)
    for path, tensors in _views(flat.detach(), shapes).items():
        pairs[path] = tuple(nn.Parameter(t) for t in tensors)
        for parameter, grad in zip(pairs[path], grads[path], strict=True):
            parameter.grad = grad
    return flat, pairs


def moved(adapter: Adapter, device: torch.device | str) -> Adapter:
    """A copy of the adapter on another device."""
    copy = empty_adapter(
        {k: (a.shape[1], b.shape[0]) for k, (a, b) in adapter.pairs.items()}, adapter.r, adapter.alpha, device
    )
    with torch.no_grad():
        copy.flat.copy_(adapter.flat)
    return copy


def _views(
    flat: Tensor, shapes: Mapping[str, tuple[torch.Size, torch.Size]]
) -> dict[str, tuple[Tensor, Tensor]]:
    views, at = {}, 0
    for path, pair in shapes.items():
        tensors = []
        for shape in pair:
            size = math.prod(shape)
            tensors.append(flat[at : at + size].view(*shape))
            at += size
        views[path] = tuple(tensors)
    return views
