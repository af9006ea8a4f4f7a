"""Continuous batching: many texts written at once over one frozen base, each through its own adapter.

Texts join and leave the batch between two steps. Each is bound at submission to its adapter *object*, so nothing that
happens to adapters' names afterwards can change who answers.

Shapes: B rows of one step (texts being written) · S slots · C context.
"""

from collections import deque
from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor

from prefloop.adapters.adapted_linear import Rows
from prefloop.adapters.mixture import Mixture, parts_of
from prefloop.adapters.stack import Stack, StackedRows
from prefloop.text.completion import Completion, Request, Watch
from prefloop.text.draw import draw, uniforms
from prefloop.text.kv_cache import DecodeLayout, KVCache, PrefillLayout
from prefloop.text.packing import Segment
from prefloop.text.trunk import Trunk

PREFILL_TOKENS = 4096
CONTEXT = 4096


class Decoder:
    """`slots` texts at once, each of at most `context` tokens. Not thread-safe: one thread submits, cancels and steps."""

    def __init__(self, trunk: Trunk, end_ids: Collection[int], slots: int = 64, context: int = CONTEXT):
        self.trunk = trunk
        self.slots = slots
        self.context = min(trunk.context, context)
        layers = trunk.model.config.get_text_config().num_hidden_layers
        self.cache = KVCache(layers, slots, self.context, trunk.device)
        self.waiting: deque[list[Completion]] = deque()
        self.writing: list[Completion] = []  # by slot
        self.is_end = np.zeros(trunk.head.weight.shape[0], dtype=bool)
        self.is_end[list(end_ids)] = True
        # by slot: tokens in the cache, tokens drawn, the last of them, how many may be drawn
        self.length, self.count, self.token, self.limit = np.zeros((4, slots), np.int64)
        self.uniform, self.logp, self.model_logp = np.zeros((3, slots, self.context), np.float32)
        self.drawn = np.zeros((slots, self.context), np.int64)
        counts = (self.length, self.count, self.token, self.limit)
        self._by_slot = (*counts, self.uniform, self.logp, self.model_logp, self.drawn)
        self._steady: tuple[_Batch, StackedRows] | None = None  # until a text joins or leaves
        self._stack = Stack(())

    def check(self, request: Request) -> None:
        """Raises ValueError when the prompt is empty, the text would not fit the context, or `n` exceeds the slots."""
        if not len(request.prompt_ids):
            raise ValueError("empty prompt: its last token predicts the first token of the completion")
        if not 1 <= request.n <= self.slots:
            raise ValueError(f"n is {request.n}: at most {self.slots} texts are written at once")
        if request.max_tokens < 1 or request.temperature < 0 or not 0 < request.top_p <= 1:
            raise ValueError("max_tokens is at least 1, temperature at least 0, and 0 < top_p <= 1")
        if (asked := len(request.prompt_ids) + request.max_tokens) > self.context:
            raise ValueError(
                f"the prompt's {len(request.prompt_ids)} tokens and max_tokens {request.max_tokens} make {asked}: "
                f"the context holds {self.context}"
            )

    def submit(self, request: Request, watches: Sequence[Watch] = ()) -> list[Completion]:
        """Queue a request; its completions are filled in as `step` is called. Raises ValueError as `check` does.

        watches: none, or one for each completion.
        """
        self.check(request)
        completions = [Completion(request, i, watches[i] if watches else None) for i in range(request.n)]
        self.waiting.append(completions)
        return completions

    def cancel(self, completions: Sequence[Completion]) -> None:
        """Stop writing these completions of one request and free their slots."""
        for completion in completions:
            completion.finish_reason = completion.finish_reason or "cancelled"
        self.waiting = deque(c for c in self.waiting if c[0].finish_reason is None)
        self._free([slot for slot, c in enumerate(self.writing) if c.finish_reason is not None])

    @property
    def idle(self) -> bool:
        return not self.waiting and not self.writing

    @torch.no_grad()
    def step(self) -> list[Completion]:
        """Admit what fits, then draw one token for every text. Returns the completions that finished."""
        finished = self._admit() if self.waiting else []
        return finished + self._decode() if self.writing else finished

    def _admit(self) -> list[Completion]:
        admitted: list[list[Completion]] = []
        free, tokens = self.slots - len(self.writing), 0
        while self.waiting and self.waiting[0][0].request.n <= free and tokens < PREFILL_TOKENS:
            admitted.append(self.waiting.popleft())
            free -= admitted[-1][0].request.n
            tokens += len(admitted[-1][0].request.prompt_ids)
        if not admitted:
            return []
        admitted.sort(key=lambda completions: id(completions[0].request.adapter))
        first, segments, slots = len(self.writing), [], []
        ids: list[int] = []
        positions: list[int] = []
        for completions in admitted:
            prompt = completions[0].request.prompt_ids
            segments.append(Segment(len(ids), len(ids) + len(prompt)))
            slots.append(range(len(self.writing), len(self.writing) + len(completions)))
            ids += prompt
            positions += range(len(prompt))
            for completion in completions:
                self._open(completion)
        rows = [(s.stop - s.start, c[0].request.adapter) for s, c in zip(segments, admitted, strict=True)]
        if any(isinstance(mixed, Mixture) for _, mixed in rows):
            # ranges of their own for every adapter of every prompt would be very many small products
            rows = self._stacked(rows)
        layout = PrefillLayout(self.cache, segments, slots)
        hidden_TH = self.trunk.hidden(self._tensor([ids]), self._tensor([positions]), layout, rows)[0]
        last_B = [s.stop - 1 for s, c in zip(segments, admitted, strict=True) for _ in c]
        self._steady = None
        return self._draw(_Batch(self, first), self.trunk.head.logits(hidden_TH[self._tensor(last_B)]))

    def _open(self, completion: Completion) -> None:
        request, slot = completion.request, len(self.writing)
        self.writing.append(completion)
        self.length[slot], self.count[slot] = len(request.prompt_ids), 0
        self.limit[slot] = request.max_tokens
        self.uniform[slot, : request.max_tokens] = uniforms(
            request.seed, completion.index, request.max_tokens
        )

    def _decode(self) -> list[Completion]:
        if self._steady is None:
            batch = _Batch(self)
            self._steady = batch, self._stacked([(1, mixed) for mixed in batch.adapters])
        batch, rows = self._steady
        positions_B = self.length[: len(self.writing)].copy()
        layout = DecodeLayout(self.cache, positions_B)
        ids_B1 = self._tensor(self.token[: len(self.writing), None])
        hidden_BH = self.trunk.hidden(ids_B1, self._tensor(positions_B[:, None]), layout, rows)[:, 0]
        self.length[: len(self.writing)] += 1
        return self._draw(batch, self.trunk.head.logits(hidden_BH))

    def _stacked(self, rows: Rows) -> StackedRows:
        """Over all that is being written: rows of a part of it share the stack with the steps after it."""
        used = [part for completion in self.writing for part, _ in parts_of(completion.request.adapter)]
        distinct = list({id(adapter): adapter for adapter in used}.values())
        if not self._stack.serves(distinct):
            self._stack = Stack(distinct)
        return StackedRows(self._stack, rows, self.trunk.device)

    def _draw(self, batch: "_Batch", logits_BV: Tensor) -> list[Completion]:
        """Draw a token for the texts of `batch`, keep it, and close the texts that end with it."""
        slots = batch.slots_B
        uniforms_B = torch.from_numpy(self.uniform[slots, self.count[slots]]).to(logits_BV.device)
        drawn = draw(logits_BV, uniforms_B, batch.temperature_B, batch.top_p_B)
        tokens, logps, model_logps = _to_host(drawn.tokens_B, drawn.logps_B, drawn.model_logps_B)
        at = self.count[slots]
        self.token[slots] = self.drawn[slots, at] = tokens
        self.logp[slots, at], self.model_logp[slots, at] = logps, model_logps
        self.count[slots] = at + 1
        broken, ended = ~np.isfinite(model_logps), self.is_end[tokens]
        done = broken | ended | (at + 1 >= self.limit[slots])
        if batch.watched:
            for i, slot in enumerate(slots):
                watch = self.writing[slot].watch
                if (
                    watch
                    and not broken[i]
                    and not ended[i]
                    and watch(int(tokens[i]), float(logps[i]), float(model_logps[i]))
                ):
                    ended[i] = done[i] = True
        finished = []
        for i in done.nonzero()[0]:
            completion, count = self.writing[slots[i]], int(self.count[slots[i]])
            completion.token_ids = self.drawn[slots[i], :count].tolist()
            completion.logps = self.logp[slots[i], :count].tolist()
            completion.model_logps = self.model_logp[slots[i], :count].tolist()
            completion.finish_reason = "error" if broken[i] else "stop" if ended[i] else "length"
            finished.append(completion)
        self._free(slots[done].tolist())
        return finished

    def _free(self, slots: list[int]) -> None:
        """Empty these slots and move the last texts into them: what is being written stays in the first slots."""
        for slot in sorted(slots, reverse=True):
            self._steady = None
            last = len(self.writing) - 1
            self.cache.clear(slot, int(self.length[slot]))
            if slot != last:
                self.cache.move(last, slot, int(self.length[last]))
                self.writing[slot] = self.writing[last]
                for values in self._by_slot:
                    values[slot] = values[last]
            self.writing.pop()
        if not self.writing:
            self._stack = Stack(())  # it would keep adapters in memory that nobody uses

    def _tensor(self, values: Sequence | np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=torch.long, device=self.trunk.device)


class _Batch:
    """The texts from slot `first` on, as one step sees them."""

    def __init__(self, decoder: Decoder, first: int = 0):
        completions = decoder.writing[first:]
        requests = [c.request for c in completions]
        self.slots_B = np.arange(first, len(decoder.writing))
        self.adapters = [r.adapter for r in requests]
        self.watched = any(c.watch for c in completions)
        self.temperature_B = _unless_one([r.temperature for r in requests], decoder.trunk.device)
        self.top_p_B = _unless_one([r.top_p for r in requests], decoder.trunk.device)


def _unless_one(values: list[float], device: torch.device) -> Tensor | None:
    return None if all(v == 1 for v in values) else torch.tensor(values, device=device)


def _to_host(*values: Tensor) -> list[np.ndarray]:
    """Several [B] tensors, in one transfer when they come from a GPU."""
    if values[0].device.type == "cpu":
        return [v.numpy() for v in values]
    tokens, *logps = torch.stack([v.double() for v in values]).cpu().numpy()
    return [tokens.astype(np.int64), *(x.astype(np.float32) for x in logps)]
