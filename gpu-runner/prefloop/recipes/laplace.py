"""How a user projection learns: the posterior of its numbers given all votes so far, as a Gaussian that every step betters.

A vote says little of a picture seen through noise, and what gradients say differs a thousandfold between directions: plain
steps spend most of the votes on noise. Here the log-likelihood of each vote is kept to second order, where it was seen, and
P is the best under all of them and a prior of N(0, 1/λ): Newton's method over votes that come one after another, an online
structured Laplace approximation (Ritter et al. 2018, arXiv 1805.07810). The curvature is the empirical Fisher information
as a Kronecker product (Martens & Grosse 2015, arXiv 1503.05671) of what users say, A, and what comes back, S:

    P = U [(Uᵀ Y V) / (s aᵀ + λ)] Vᵀ,   S = U diag(s) Uᵀ,   A = V diag(a) Vᵀ,   Y = Σ G_i (⟨G_i, P_i⟩ - 1)

with G_i the gradient of vote i at P_i, the P of its time. There is no rate to choose, and order hardly matters.

Shapes: R preferences · T tokens of a user, U their width · D of a caption's tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from prefloop.image.personalize import UserProjection
from prefloop.image.step import Told

_SUMS = ("evidence", "back", "ahead", "seen")


@dataclass(eq=False)
class LaplacePolicy:
    """adapter: P, the middle of the posterior. precision: λ, nats for each number. The rest are sums over the votes so far:
    evidence_DU Y; back_DD S; ahead_UU A; seen how many."""

    adapter: UserProjection
    precision: float
    evidence_DU: Tensor
    back_DD: Tensor
    ahead_UU: Tensor
    seen: Tensor

    def learn(self, loss: Tensor, told: Told | None) -> tuple[Tensor, bool]:
        """(norm of the gradient, whether all was finite and so applied); the loss is a mean over preferences."""
        assert told is not None, "a projection learns from what it said"
        (tokens_RTD,) = torch.autograd.grad(loss, told.tokens_RTD)
        tokens_RTD = tokens_RTD * len(tokens_RTD)
        norm = torch.einsum("rtd,rtu->du", tokens_RTD, told.users_RTU).norm() / len(tokens_RTD)
        finite = bool(torch.isfinite(loss)) and bool(torch.isfinite(norm))
        if finite:
            self._add(tokens_RTD, told.users_RTU.to(tokens_RTD.dtype))
        return norm[None], finite

    @torch.no_grad()
    def _add(self, tokens_RTD: Tensor, users_RTU: Tensor) -> None:
        gradient_RDU = torch.einsum("rtd,rtu->rdu", tokens_RTD, users_RTU)
        moved_R = (gradient_RDU * self.adapter.matrix_DU).sum((1, 2)) - 1
        self.evidence_DU += torch.einsum("rdu,r->du", gradient_RDU, moved_R)
        # While tokens are attended alike, the gradient is the product of these two: the factors of its Kronecker product.
        back_RD, ahead_RU = tokens_RTD.sum(1), users_RTU.mean(1)
        self.back_DD += back_RD.T @ back_RD
        self.ahead_UU += ahead_RU.T @ ahead_RU
        self.seen += len(users_RTU)
        back_D, turn_DD = torch.linalg.eigh(self.back_DD)
        ahead_U, turn_UU = torch.linalg.eigh(self.ahead_UU / self.seen)
        curvature_DU = back_D[:, None].clamp_min(0) * ahead_U.clamp_min(0) + self.precision
        best_DU = turn_DD @ ((turn_DD.T @ self.evidence_DU @ turn_UU) / curvature_DU) @ turn_UU.T
        self.adapter.matrix_DU.copy_(best_DU)

    def tensors(self, name: str) -> dict[str, Tensor]:
        """{NAME.weights: P, and the sums as NAME.evidence, NAME.back, NAME.ahead, NAME.seen}, fp32."""
        sums = (self.evidence_DU, self.back_DD, self.ahead_UU, self.seen)
        return {f"{name}.weights": self.adapter.flat.detach()} | {
            f"{name}.{part}": value for part, value in zip(_SUMS, sums, strict=True)
        }

    def restore(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Put `tensors` back. Raises ValueError where they are not of this projection's form."""
        mine = self.tensors(name)
        for key, value in mine.items():
            if key not in tensors or tensors[key].shape != value.shape:
                raise ValueError(
                    f"the state has no {key} of {value.numel()} numbers: it belongs to another adapter"
                )
        with torch.no_grad():
            for key, value in mine.items():
                value.copy_(tensors[key])


def new_laplace_policy(projection: UserProjection, precision: float) -> LaplacePolicy:
    depth, width = projection.matrix_DU.shape
    zeros = lambda *shape: torch.zeros(shape, device=projection.flat.device)
    sums = zeros(depth, width), zeros(depth, depth), zeros(width, width), zeros(1)
    return LaplacePolicy(projection, precision, *sums)
