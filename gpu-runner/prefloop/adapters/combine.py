"""Linear combinations of adapters, exact: Σ w_k ΔW_k, their factors side by side along the rank.

Mixing the A's and the B's apart would add cross terms B_i A_j that no adapter ever had.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter, empty_adapter


def combine(adapters: Sequence[Adapter], weights: Sequence[float], scale: float = 1.0) -> Adapter:
    """One adapter whose ΔW is Σ w_k ΔW_k; its rank is the sum of theirs, its scale is `scale`.

    A layer that only some adapt gets zeros from the others. Raises ValueError without adapters.
    """
    if not adapters or len(adapters) != len(weights):
        raise ValueError("a combination needs adapters, and one weight for each")
    rank = sum(adapter.r for adapter in adapters)
    sizes = {
        path: (a_rI.shape[1], b_Or.shape[0])
        for adapter in adapters
        for path, (a_rI, b_Or) in adapter.pairs.items()
    }
    combined = empty_adapter(sizes, rank, scale * rank, adapters[0].flat.device)
    with torch.no_grad():
        for part, adapter, weight in zip(blocks(adapters), adapters, weights, strict=True):
            for path, (a_rI, b_Or) in adapter.pairs.items():
                a, b = combined.pairs[path]
                a[part] = a_rI
                b[:, part] = b_Or * (weight * adapter.scale / scale)
    return combined


def blocks(adapters: Sequence[Adapter]) -> list[slice]:
    """Which ranks of their combination belong to each."""
    ends, at = [], 0
    for adapter in adapters:
        ends.append(slice(at, at + adapter.r))
        at += adapter.r
    return ends


def weight_gradients(combined: Adapter, adapters: Sequence[Adapter], weights: Sequence[float]) -> Tensor:
    """d loss / d weights, (K,), from the gradient of a combination's B's: ΔW is linear in the weights.

    weights: none of them 0.
    """
    slopes = []
    for part, weight in zip(blocks(adapters), weights, strict=True):
        slope = torch.zeros((), device=combined.flat.device)
        for _, b_Or in combined.pairs.values():
            assert b_Or.grad is not None
            slope += (b_Or.grad[:, part] * b_Or.detach()[:, part]).sum()
        slopes.append(slope / weight)
    return torch.stack(slopes)


def shrink(adapter: Adapter, rank: int) -> tuple[Adapter, float]:
    """The closest adapter of at most `rank` (SVD of every ΔW, by its factors), and the share of Σ‖ΔW‖² that is lost."""
    if adapter.r <= rank:
        return adapter, 0.0
    sizes = {path: (a.shape[1], b.shape[0]) for path, (a, b) in adapter.pairs.items()}
    small = empty_adapter(sizes, rank, adapter.scale * rank, adapter.flat.device)
    lost = total = 0.0
    with torch.no_grad():
        for path, (a_rI, b_Or) in adapter.pairs.items():
            # B A = Q_b (R_b R_aᵀ) Q_aᵀ: the SVD is that of a matrix of the rank's size
            q_b, r_b = torch.linalg.qr(b_Or)
            q_a, r_a = torch.linalg.qr(a_rI.T)
            u, s, vh = torch.linalg.svd(r_b @ r_a.T)
            keep = min(rank, s.numel())
            root = s[:keep].sqrt()
            a, b = small.pairs[path]
            a[:keep] = root[:, None] * (vh[:keep] @ q_a.T)
            b[:, :keep] = (q_b @ u[:, :keep]) * root
            total += float(s.square().sum())
            lost += float(s[keep:].square().sum())
    return small, lost / total if total else 0.0
