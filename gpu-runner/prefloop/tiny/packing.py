"""Conversations packed side by side into rows without padding waste. Shapes: B rows, T positions of a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

import torch
from transformers import PreTrainedTokenizerFast

from prefloop.tiny.corpus import conversations
from prefloop.tiny.tokenizer import PAD, encode_conversation

CONTEXT = 1024
# (rows, positions) of a batch; now and then one holds long chats, so that the whole context is trained.
SHORT_ROWS, LONG_ROWS = (16, 192), (3, CONTEXT)
LONG_EVERY, LONG_NEXT_TURN_SHARE = 32, 0.8


def packed_batches(tokenizer: PreTrainedTokenizerFast, seed: str) -> Iterator[dict[str, torch.Tensor]]:
    """Batches of whole conversations side by side in rows, without end, see `pack`."""
    short, long = conversations(f"{seed}:short"), conversations(f"{seed}:long", LONG_NEXT_TURN_SHARE)
    pad = tokenizer.get_vocab()[PAD]
    for number in count(1):
        source, shape = (long, LONG_ROWS) if number % LONG_EVERY == 0 else (short, SHORT_ROWS)
        yield pack((encode_conversation(tokenizer, messages) for messages in source), shape, pad)


def pack(
    source: Iterable[tuple[list[int], list[bool]]], shape: tuple[int, int], pad: int
) -> dict[str, torch.Tensor]:
    """Fills rows until conversations stop to fit: `ids`, `positions`, `document` [B, T], `scored` [B, T-1] (next token)."""
    rows, row_tokens = shape
    ids, positions = torch.full(shape, pad), torch.zeros(shape, dtype=torch.long)
    document, said = torch.full(shape, -1), torch.zeros(shape, dtype=torch.bool)
    used, misses = [0] * rows, 0
    for number, (tokens, spoken) in enumerate(source):
        if len(tokens) > row_tokens:
            continue
        row = next((r for r in range(rows) if used[r] + len(tokens) <= row_tokens), None)
        if row is None:
            misses += 1
            if misses == rows:
                break
            continue
        place = slice(used[row], used[row] + len(tokens))
        ids[row, place], said[row, place] = torch.tensor(tokens), torch.tensor(spoken)
        positions[row, place], document[row, place] = torch.arange(len(tokens)), number
        used[row] = place.stop
    return {"ids": ids, "positions": positions, "document": document, "scored": said[:, 1:]}
