"""What a caption leaves open: of that alone a person's taste is to speak.

Who loves red does not want a blue creature red, and what is said against a caption is lost to what it leaves to taste. What
pictures of one caption differ in is what votes on them can speak of: a vote alone, as the user encoder hears it, is a direction
s in a user's numbers, and where votes under a caption never point, the caption has decided. So the second moments of such
directions are foretold from h, what the text encoders say of a caption, whitened, by ridge regression:

    S̄ = mean s sᵀ = V Λ Vᵀ,   W = Σ h ⊗ Λ^-½ Vᵀ s sᵀ V Λ^-½ / (n + n₀),   G(h) = clip(I + h W, 0, 1) of its eigenvalues

and a user's numbers e become e + V Λ^½ (G(h) - I) Λ^-½ Vᵀ e. Directions that hold next to nothing stay as they are, and before
there are votes everything is open.

Shapes: B pictures · R votes · T tokens of a caption, D their width, H of what is left when they are whitened · N tokens of a
user, U their width, E = N·U · K directions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

# For each number of a heading, so many votes are needed before what they say weighs as much as that everything is open.
DOUBT = 10
# What counts of directions and of inputs, as a share of the greatest; and how many directions at most.
DIRECTIONS, INPUTS, MOST_DIRECTIONS = 0.02, 1e-6, 16
# A caption unlike those that were voted on counts as no farther out than so many times a usual one.
FARTHEST = 2.0
# Numbers of the sums at most, 100 MB: four tokens of 32 numbers on SD 1.5, of 16 on SDXL.
MOST_SUMS = 25_000_000
# Of the tensors' names in a file.
PREFIX = "openness."


def heading(tokens_BTD: Tensor) -> Tensor:
    """(B, D): what a caption is about, the mean of its tokens, fp32."""
    return tokens_BTD.float().mean(1)


@dataclass(frozen=True)
class Openness:
    """center_D, into_DH: whiten a heading. basis_EK, back_KE: V Λ^½ and Λ^-½ Vᵀ. slope_HKK: W."""

    center_D: Tensor
    into_DH: Tensor
    basis_EK: Tensor
    back_KE: Tensor
    slope_HKK: Tensor

    def of(self, users_BNU: Tensor, heading_BD: Tensor) -> Tensor:
        """What users say of what each caption leaves open. Raises ValueError for users of other numbers."""
        said_BE = users_BNU.flatten(1).float()
        if said_BE.shape[1] != len(self.basis_EK):
            raise ValueError(f"users have {said_BE.shape[1]} numbers, and {len(self.basis_EK)} are known")
        h_BH = (heading_BD - self.center_D) @ self.into_DH
        farthest = FARTHEST * h_BH.shape[1] ** 0.5
        h_BH = h_BH * (farthest / h_BH.norm(dim=1, keepdim=True)).clamp(max=1.0)
        is_open_BKK = torch.einsum("bh,hkl->bkl", h_BH, self.slope_HKK)
        is_open_BKK = is_open_BKK + torch.eye(len(self.back_KE), device=h_BH.device)
        open_BK, turn_BKK = torch.linalg.eigh(is_open_BKK)
        said_BK = said_BE @ self.back_KE.T
        turned_BK = torch.einsum("bkl,bk->bl", turn_BKK, said_BK) * (open_BK.clamp(0, 1) - 1)
        lost_BK = torch.einsum("bkl,bl->bk", turn_BKK, turned_BK)
        return (said_BE + lost_BK @ self.basis_EK.T).view_as(users_BNU)

    def tensors(self) -> dict[str, Tensor]:
        """By their names in a file."""
        return {name: getattr(self, field) for name, field in _FIELDS.items()}


_FIELDS = {PREFIX + field.partition("_")[0]: field for field in Openness.__dataclass_fields__}


def read_openness(tensors: Mapping[str, Tensor]) -> Openness | None:
    """Of a file's tensors, where there are any. Raises ValueError, by name, for a missing one and shapes that do not fit."""
    if not any(name.startswith(PREFIX) for name in tensors):
        return None
    if missing := sorted(_FIELDS.keys() - tensors.keys()):
        raise ValueError(f"{missing[0]} is missing")
    found = Openness(**{field: tensors[name].float() for name, field in _FIELDS.items()})
    if any(tensor.dim() != len(field.split("_")[1]) for field, tensor in vars(found).items()):
        raise ValueError(f"{PREFIX}* have another number of dimensions")
    (d, h), (e, k) = found.into_DH.shape, found.basis_EK.shape
    for name, shape in (("center", (d,)), ("back", (k, e)), ("slope", (h, k, k))):
        if tuple(tensors[PREFIX + name].shape) != shape:
            raise ValueError(
                f"{PREFIX}{name} is {list(tensors[PREFIX + name].shape)}, and {list(shape)} fits"
            )
    return found


@dataclass(eq=False)
class OpennessSums:
    """Over the votes so far, of a heading beside a 1: inputs_HH of h hᵀ, moments_HE of h ⊗ s sᵀ; here H = 1 + D, and E stands for
    E · E."""

    inputs_HH: Tensor
    moments_HE: Tensor

    @property
    def seen(self) -> int:
        """Votes so far."""
        return round(self.inputs_HH[0, 0].item())

    def add(self, heading_RD: Tensor, said_RE: Tensor) -> None:
        """A direction that is not finite, or whose square is not, says nothing."""
        fits_R = said_RE.square().sum(1).isfinite()
        heading_RD, said_RE = heading_RD[fits_R], said_RE[fits_R]
        h_RH = torch.cat([heading_RD.new_ones(len(heading_RD), 1), heading_RD], 1)
        self.inputs_HH += h_RH.T @ h_RH
        self.moments_HE += h_RH.T @ (said_RE[:, :, None] * said_RE[:, None]).flatten(1)

    def settle(self) -> Openness | None:
        """None where votes so far tell no captions or no directions apart: then everything is open."""
        seen = self.inputs_HH[0, 0]
        if not seen:
            return None
        size = round(self.moments_HE.shape[1] ** 0.5)
        center_D = self.inputs_HH[0, 1:] / seen
        spread_DD = self.inputs_HH[1:, 1:] / seen - torch.outer(center_D, center_D)
        variance_D, turn_DD = torch.linalg.eigh(spread_DD)
        counts_D = variance_D > (INPUTS * variance_D[-1]).clamp_min(1e-12)
        into_DH = turn_DD[:, counts_D] / variance_D[counts_D].sqrt()
        power_E, axes_EE = torch.linalg.eigh((self.moments_HE[0] / seen).view(size, size))
        counts_E = (power_E > DIRECTIONS * power_E[-1]) & (torch.arange(size, 0, -1) <= MOST_DIRECTIONS).to(
            power_E.device
        )
        if not bool(counts_D.any()) or not bool(counts_E.any()):
            return None
        basis_EK = axes_EE[:, counts_E] * power_E[counts_E].sqrt()
        back_KE = (axes_EE[:, counts_E] / power_E[counts_E].sqrt()).T
        apart_DE = self.moments_HE[1:] - torch.outer(center_D, self.moments_HE[0])
        slope_HEE = (into_DH.T @ apart_DE).view(-1, size, size) / (seen + DOUBT * len(center_D))
        slope_HKK = torch.einsum("ke,hef,lf->hkl", back_KE, slope_HEE, back_KE)
        return Openness(center_D, into_DH, basis_EK, back_KE.contiguous(), slope_HKK)

    def tensors(self) -> dict[str, Tensor]:
        return {f"{PREFIX}inputs": self.inputs_HH, f"{PREFIX}moments": self.moments_HE}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put `tensors` back. Raises ValueError where they are of another form."""
        for name, mine in self.tensors().items():
            if name not in tensors or tensors[name].numel() != mine.numel():
                raise ValueError(
                    f"the state has no {name} of {mine.numel()} numbers: it belongs to another adapter"
                )
            mine.copy_(tensors[name].view_as(mine))


def new_openness_sums(depth: int, size: int, device: torch.device | str = "cpu") -> OpennessSums | None:
    """depth: D. size: E. None where the sums would be too many numbers to keep: then everything stays open."""
    if (1 + depth) * size**2 > MOST_SUMS:
        return None
    zeros = lambda *shape: torch.zeros(shape, device=device)
    return OpennessSums(zeros(1 + depth, 1 + depth), zeros(1 + depth, size * size))
