"""Beam search on a policy's own likelihood (From r to Q*, Rafailov et al. 2024, arXiv 2404.12358, Eq. 12-13).

For a policy trained by DPO the likelihood is the value: searching it is search by the learned reward. Texts are ranked by
the raw sum of their log-probabilities. There is no length penalty, which would break that, and no reference is taken off.

Shapes: B running beams · V vocabulary · P tokens of the prompt.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from prefloop.adapters.lora import Adapter
from prefloop.adapters.mixture import Mixture
from prefloop.text.kv_cache import DecodeLayout, KVCache, PrefillLayout
from prefloop.text.packing import Segment
from prefloop.text.trunk import Trunk


@dataclass(frozen=True)
class Beam:
    """token_ids: the end token included, when it ended. logps: of each token; their sum is what is ranked by, nats."""

    token_ids: tuple[int, ...]
    logps: tuple[float, ...]
    ended: bool

    @property
    def logp(self) -> float:
        return sum(self.logps)


class BeamSearch:
    """One prompt, searched token by token: `step` until `done`, then `best`. One beam is greedy decoding.

    Raises ValueError for an empty prompt, fewer than one beam or token, or what does not fit the context.
    """

    def __init__(
        self,
        trunk: Trunk,
        prompt: Sequence[int],
        adapter: Adapter | Mixture | None,
        num_beams: int,
        max_tokens: int,
        end_ids: Sequence[int],
    ):
        if not len(prompt) or num_beams < 1 or max_tokens < 1:
            raise ValueError("a search needs a prompt, and at least one beam and one token")
        if len(prompt) + max_tokens > trunk.context:
            raise ValueError(
                f"the prompt's {len(prompt)} tokens and max_tokens {max_tokens} do not fit the context of {trunk.context}"
            )
        self.trunk, self.adapter, self.prompt = trunk, adapter, tuple(prompt)
        self.num_beams, self.max_tokens = num_beams, max_tokens
        self.end_ids = frozenset(end_ids)
        layers = trunk.model.config.get_text_config().num_hidden_layers
        self.cache = KVCache(layers, num_beams, len(prompt) + max_tokens, trunk.device)
        self.running: list[Beam] = []
        self.finished: list[Beam] = []
        self.done = False

    @torch.no_grad()
    def step(self) -> None:
        """One more token for every beam."""
        assert not self.done, "the search is over"
        logits_BV = self._extend() if self.running else self._prefill()
        logps_BV = torch.log_softmax(logits_BV.float(), 1)
        if not bool(torch.isfinite(logps_BV.amax(1)).all()):
            raise ValueError("the model's output is not finite")
        begun = self.running or [Beam((), (), False)]
        sums_B1 = torch.tensor([[beam.logp] for beam in begun], device=logps_BV.device)
        self._select(begun, logps_BV, sums_B1)

    @property
    def best(self) -> list[Beam]:
        """The finished texts, and those cut at the limit, the likeliest first; at most `num_beams`."""
        return sorted(self.finished, key=lambda beam: -beam.logp)[: self.num_beams]

    def _select(self, begun: Sequence[Beam], logps_BV: Tensor, sums_B1: Tensor) -> None:
        """Of all continuations the likeliest: one that ends counts when it is among the first `num_beams`."""
        totals = (logps_BV + sums_B1).flatten()
        wanted = min(totals.numel(), self.num_beams * (1 + len(self.end_ids)))
        places = torch.topk(totals, wanted).indices.tolist()
        vocabulary = logps_BV.shape[1]
        kept: list[Beam] = []
        parents: list[int] = []
        for rank, place in enumerate(places):
            parent, token = divmod(place, vocabulary)
            before = begun[parent]
            logps = (*before.logps, float(logps_BV[parent, token]))
            beam = Beam((*before.token_ids, token), logps, token in self.end_ids)
            if beam.ended:
                if rank < self.num_beams:
                    self.finished.append(beam)
            elif len(kept) < self.num_beams:
                kept.append(beam)
                parents.append(parent)
        if kept and len(kept[0].token_ids) == self.max_tokens:
            self.finished += kept
            kept = []
        self.running = kept
        best = max((beam.logp for beam in self.finished), default=-np.inf)
        # log-probabilities only fall: what is behind stays behind
        self.done = not kept or max(beam.logp for beam in kept) <= best
        if not self.done:
            self.cache.reorder(parents, len(self.prompt) + len(kept[0].token_ids) - 1)

    def _prefill(self) -> Tensor:
        segment = Segment(0, len(self.prompt))
        layout = PrefillLayout(self.cache, [segment], [range(self.num_beams)])
        ids, positions = self._tensor([self.prompt]), self._tensor([range(len(self.prompt))])
        hidden_PH = self.trunk.hidden(ids, positions, layout, [(len(self.prompt), self.adapter)])[0]
        return self.trunk.head.logits(hidden_PH[-1:])

    def _extend(self) -> Tensor:
        at = len(self.prompt) + len(self.running[0].token_ids) - 1
        positions_B = np.full(len(self.running), at)
        ids_B1 = self._tensor([[beam.token_ids[-1]] for beam in self.running])
        layout = DecodeLayout(self.cache, positions_B)
        rows = [(len(self.running), self.adapter)]
        hidden_BH = self.trunk.hidden(ids_B1, self._tensor(positions_B[:, None]), layout, rows)[:, 0]
        return self.trunk.head.logits(hidden_BH)

    def _tensor(self, values) -> Tensor:
        return torch.as_tensor(np.asarray(values), dtype=torch.long, device=self.trunk.device)


def beam_search(
    trunk: Trunk,
    prompt: Sequence[int],
    adapter: Adapter | Mixture | None,
    num_beams: int,
    max_tokens: int,
    end_ids: Sequence[int],
) -> list[Beam]:
    """The texts of a `BeamSearch`, the likeliest first."""
    search = BeamSearch(trunk, prompt, adapter, num_beams, max_tokens, end_ids)
    while not search.done:
        search.step()
    return search.best
