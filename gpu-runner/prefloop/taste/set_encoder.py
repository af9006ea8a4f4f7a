"""The user encoder: a few votes, as features of what was chosen and of what was not, to the tokens that a model is conditioned on.

An estimate of the taste is bettered a few times: each round looks at every vote in the light of the estimate, and adds up
what they say. Sums know no order, so the order of votes does not matter; without votes there is the prior, which was
learned. The same network with the same weights runs at the edge, as ONNX (`taste.onnx_file`).

Shapes: B people · V votes of each, padded ones with weight 0 · F features · H hidden · N tokens · U numbers of a token.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prefloop.adapters.files import read_tensors
from prefloop.adapters.tensor_file import read_metadata, tensor_file

FILE = "encoder.safetensors"
_FACTS = "prefloop_set_encoder"


@dataclass(frozen=True)
class SetEncoderShape:
    """rounds: how often the estimate is bettered."""

    feature_size: int
    tokens: int = 4
    width: int = 16
    hidden: int = 128
    rounds: int = 3


class SetEncoder(nn.Module):
    """Fresh weights are those of PyTorch's linear layers; the prior and the last layer of a round begin at zero."""

    def __init__(self, shape: SetEncoderShape) -> None:
        super().__init__()
        size, h = shape.tokens * shape.width, shape.hidden
        self.shape = shape
        self.feature_size, self.tokens, self.width = shape.feature_size, shape.tokens, shape.width
        self.prior_E = nn.Parameter(torch.zeros(size))
        self.register_buffer("center_F", torch.zeros(shape.feature_size))
        self.register_buffer("spread_F", torch.ones(shape.feature_size))
        self.register_buffer("scale", torch.ones(()))
        self.scale: Tensor
        self.center_F: Tensor
        self.spread_F: Tensor
        self.reads = nn.Linear(shape.feature_size, h)
        self.votes = nn.ModuleList(nn.Linear(2 * h + size, h) for _ in range(shape.rounds))
        self.says = nn.ModuleList(nn.Linear(h, h) for _ in range(shape.rounds))
        self.hears = nn.ModuleList(nn.Linear(h + size + 1, h) for _ in range(shape.rounds))
        self.moves = nn.ModuleList(nn.Linear(h, size + 1) for _ in range(shape.rounds))
        for layer in self.moves:
            assert isinstance(layer, nn.Linear)
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    @property
    def prior(self) -> Tensor:
        """(N, U): of somebody who has not voted."""
        return (self.scale * self.prior_E).view(self.tokens, self.width)

    @property
    def prior_uncertainty(self) -> float:
        return 1.0

    def embed(self, chosen_BVF: Tensor, rejected_BVF: Tensor, weight_BV: Tensor) -> tuple[Tensor, Tensor]:
        """((B, N, U) tokens, (B,) uncertainty: a standard deviation, 1 for the prior's).

        Raises ValueError for features of another length and for numbers that are not finite."""
        if chosen_BVF.shape != rejected_BVF.shape or chosen_BVF.shape[-1:] != (self.feature_size,):
            raise ValueError(
                f"features must be (B, V, {self.feature_size}) both, not {list(chosen_BVF.shape)} and "
                f"{list(rejected_BVF.shape)}"
            )
        if weight_BV.shape != chosen_BVF.shape[:2]:
            raise ValueError(f"weights must be {list(chosen_BVF.shape[:2])}, not {list(weight_BV.shape)}")
        if not all(bool(torch.isfinite(part).all()) for part in (chosen_BVF, rejected_BVF, weight_BV)):
            raise ValueError("features and weights must be finite")
        return self(chosen_BVF, rejected_BVF, weight_BV)

    @torch.no_grad()
    def directions(self, chosen_BVF: Tensor, rejected_BVF: Tensor, weight_BV: Tensor) -> Tensor:
        """(B, N·U): which way votes point in a user's numbers, as half the way from their opposites."""
        there, back = (
            self.embed(one, other, weight_BV)[0]
            for one, other in ((chosen_BVF, rejected_BVF), (rejected_BVF, chosen_BVF))
        )
        return ((there - back) / 2).flatten(1)

    @torch.no_grad()
    def standardise(self, features_NF: Tensor) -> None:
        """From now on features are read as distances from the mean of these, in units of their spread."""
        self.center_F.copy_(features_NF.mean(0))
        self.spread_F.copy_(features_NF.std(0).clamp_min(1e-6))

    def forward(self, chosen_BVF: Tensor, rejected_BVF: Tensor, weight_BV: Tensor) -> tuple[Tensor, Tensor]:
        read = lambda x_BVF: self.reads((x_BVF - self.center_F) / self.spread_F)
        chosen_BVH, rejected_BVH = read(chosen_BVF), read(rejected_BVF)
        vote_BVX = torch.cat([chosen_BVH - rejected_BVH, chosen_BVH + rejected_BVH], 2)
        count_B1 = weight_BV.sum(1, keepdim=True)
        some_B1 = count_B1 / (1 + count_B1)
        estimate_BE = self.prior_E.expand(len(weight_BV), -1)
        spread_B1 = torch.zeros_like(count_B1)
        for votes, says, hears, moves in zip(self.votes, self.says, self.hears, self.moves, strict=True):
            seen_BVE = estimate_BE[:, None].expand(-1, vote_BVX.shape[1], -1)
            said_BVH = F.relu(says(F.relu(votes(torch.cat([vote_BVX, seen_BVE], 2)))))
            # Sums grow with the votes; divided like this they still tell four from forty.
            heard_BH = (weight_BV[:, :, None] * said_BVH).sum(1) / (2 + count_B1)
            moved_BE1 = moves(F.relu(hears(torch.cat([heard_BH, estimate_BE, some_B1], 1))))
            estimate_BE = estimate_BE + some_B1 * moved_BE1[:, :-1]
            spread_B1 = spread_B1 + some_B1 * moved_BE1[:, -1:]
        uncertainty_B = torch.exp(-F.softplus(spread_B1) * some_B1)[:, 0]
        return (self.scale * estimate_BE).unflatten(1, (self.tokens, self.width)), uncertainty_B


def write_set_encoder(encoder: SetEncoder) -> bytes:
    """`encoder.safetensors`: fp32 weights, the shape in the header. Equal weights give equal bytes."""
    tensors = {
        name: value.detach().float().cpu().contiguous() for name, value in encoder.state_dict().items()
    }
    facts = json.dumps(asdict(encoder.shape), sort_keys=True)
    return tensor_file(tensors, {"format": "pt", _FACTS: facts})


def encoder_fingerprint(encoder: SetEncoder) -> str:
    """SHA-256, in hex, of its file."""
    return hashlib.sha256(write_set_encoder(encoder)).hexdigest()


def read_set_encoder(content: bytes) -> SetEncoder:
    """Frozen. Raises ValueError for a broken file, another shape than its header says, values that are not finite."""
    tensors = read_tensors({FILE: content}, FILE)
    encoder = SetEncoder(SetEncoderShape(**_read_facts(content)))
    wanted = {name: value.shape for name, value in encoder.state_dict().items()}
    if {name: value.shape for name, value in tensors.items()} != wanted:
        raise ValueError(f"{FILE}: its tensors are not those of the shape that its header says")
    if broken := [name for name, value in tensors.items() if not bool(torch.isfinite(value).all())]:
        raise ValueError(f"{FILE}: {broken[0]} has values that are not finite")
    encoder.load_state_dict(tensors)
    return encoder.eval().requires_grad_(False)


def _read_facts(content: bytes) -> dict[str, int]:
    try:
        facts: Any = json.loads(read_metadata(content).get(_FACTS, "null"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{FILE}: its {_FACTS} is not JSON: {error}") from error
    names = SetEncoderShape.__dataclass_fields__.keys()
    if not isinstance(facts, dict) or facts.keys() != names:
        raise ValueError(f"{FILE}: its header must say {', '.join(names)}")
    if not all(isinstance(value, int) and 0 < value <= 4096 for value in facts.values()):
        raise ValueError(f"{FILE}: the numbers of its header must lie between 1 and 4096")
    return facts
