"""How a user projection learns: the posterior of its numbers given all votes so far, as a Gaussian that every step betters.

A vote says little of a picture seen through noise, and what gradients say differs a thousandfold between directions: plain
steps spend most of the votes on noise. Here every vote counts as much as every other, those of long ago too: a step is
Newton's on its own votes with the posterior of all before them as the prior, an online structured Laplace approximation
(Ritter et al. 2018, arXiv 1805.07810). The curvature is the empirical Fisher information as a Kronecker product (Martens &
Grosse 2015, arXiv 1503.05671) of what users say, A, and what comes back, S, each a sum or mean over all votes, beside the
precision λ of the first prior, N(0, 1/λ):

    P ← P - U [(Uᵀ G V) / (s aᵀ + λ)] Vᵀ,   S = U diag(s) Uᵀ,   A = V diag(a) Vᵀ,   G the gradient of the step's votes

Steps become smaller as votes become many, and there is no rate to choose.

Shapes: R preferences · T tokens of a user, U their width · D of a caption's tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from prefloop.image.personalize import UserProjection
from prefloop.image.step import Told

_SUMS = ("back", "ahead", "seen")


@dataclass(eq=False)
class LaplacePolicy:
    """adapter: P, the middle of the posterior. precision: λ, nats for each number. The rest are sums over the votes so far:
    back_DD is S, ahead_UU as many times A, seen how many."""

    adapter: UserProjection
    precision: float
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
        gradient_DU = torch.einsum("rtd,rtu->du", tokens_RTD, users_RTU)
        # While tokens are attended alike, the gradient is the product of these two: the factors of its Kronecker product.
        back_RD, ahead_RU = tokens_RTD.sum(1), users_RTU.mean(1)
        self.back_DD += back_RD.T @ back_RD
        self.ahead_UU += ahead_RU.T @ ahead_RU
        self.seen += len(users_RTU)
        back_D, turn_DD = torch.linalg.eigh(self.back_DD)
        ahead_U, turn_UU = torch.linalg.eigh(self.ahead_UU / self.seen)
        curvature_DU = back_D[:, None].clamp_min(0) * ahead_U.clamp_min(0) + self.precision
        step_DU = turn_DD @ ((turn_DD.T @ gradient_DU @ turn_UU) / curvature_DU) @ turn_UU.T
        self.adapter.matrix_DU.sub_(step_DU)

    def tensors(self, name: str) -> dict[str, Tensor]:
        """{NAME.weights: P, and the sums as NAME.back, NAME.ahead, NAME.seen}, fp32."""
        sums = (self.back_DD, self.ahead_UU, self.seen)
        return {f"{name}.weights": self.adapter.flat.detach()} | {
            f"{name}.{part}": value for part, value in zip(_SUMS, sums, strict=True)
        }

    def restore(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Put `tensors` back. Raises ValueError where they are not of this projection's form."""
        mine = self.tensors(name)
        for key, value in mine.items():
            if key not in tensors or tensors[key].numel() != value.numel():
                raise ValueError(
                    f"the state has no {key} of {value.numel()} numbers: it belongs to another adapter"
                )
        with torch.no_grad():
            for key, value in mine.items():
                value.copy_(tensors[key].view_as(value))


def new_laplace_policy(projection: UserProjection, precision: float) -> LaplacePolicy:
    depth, width = projection.matrix_DU.shape
    zeros = lambda *shape: torch.zeros(shape, device=projection.flat.device)
    sums = zeros(depth, depth), zeros(width, width), zeros(1)
    return LaplacePolicy(projection, precision, *sums)
