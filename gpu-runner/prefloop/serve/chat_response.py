"""OpenAI's shapes of an answer: whole, and as the chunks of a stream.

`logprobs.content` has an entry for every token drawn, the end token included, so that it goes along with `token_ids`
(an extension, sent with it). `logprob` is that of the distribution the token was drawn from, temperature and top_p
applied; `model_logprob` (an extension) that of the model at temperature 1. `bytes` is null for a token that is no text of
its own: a special token, or a part of a character.
"""

import time
import uuid
from collections.abc import Sequence
from typing import Any

from tokenizers import Tokenizer

from prefloop.serve.engine import Done, Piece
from prefloop.text.completion import Completion


class Answer:
    """Builds the bodies of one answer. `logprobs`: whether they were asked for."""

    def __init__(self, tokenizer: Tokenizer, model: str, logprobs: bool):
        self.tokenizer = tokenizer
        self.logprobs = logprobs
        self.head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}
        self.told: dict[int, int] = {}  # completion -> tokens that chunks have brought

    def whole(
        self, prompt_tokens: int, texts: Sequence[str], completions: Sequence[Completion]
    ) -> dict[str, Any]:
        """texts and completions in the order of their index."""
        choices = []
        for text, completion in zip(texts, completions, strict=True):
            message = {"role": "assistant", "content": text, "refusal": None}
            choice = {
                "index": completion.index,
                "message": message,
                "finish_reason": completion.finish_reason,
            }
            choices.append(choice | self._tokens(completion, 0))
        usage = _usage(prompt_tokens, completions)
        return self.head | {"object": "chat.completion", "choices": choices, "usage": usage}

    def opening(self, index: int) -> dict[str, Any]:
        return self._chunk(index, {"role": "assistant", "content": ""}, None)

    def piece(self, piece: Piece) -> dict[str, Any] | None:
        """None when there is nothing to tell yet."""
        if not self.logprobs:
            return self._chunk(piece.index, {"content": piece.text}, None) if piece.text else None
        self.told[piece.index] = self.told.get(piece.index, 0) + 1
        drawn = self._entries([piece.token], [piece.logp], [piece.model_logp])
        return self._chunk(piece.index, {"content": piece.text}, None, drawn)

    def closing(self, done: Done) -> list[dict[str, Any]]:
        """What is left of a completion, and its finish_reason."""
        drawn = self._tokens(done.completion, self.told.get(done.index, 0))
        last = self._chunk(done.index, {}, done.completion.finish_reason, drawn)
        return [self._chunk(done.index, {"content": done.rest}, None), last] if done.rest else [last]

    def usage(self, prompt_tokens: int, completions: Sequence[Completion]) -> dict[str, Any]:
        usage = _usage(prompt_tokens, completions)
        return self.head | {"object": "chat.completion.chunk", "choices": [], "usage": usage}

    def _chunk(
        self, index: int, delta: dict, finish_reason: str | None, drawn: dict | None = None
    ) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "finish_reason": finish_reason} | (
            drawn or {"logprobs": None}
        )
        return self.head | {"object": "chat.completion.chunk", "choices": [choice]}

    def _tokens(self, completion: Completion, start: int) -> dict[str, Any]:
        return self._entries(
            completion.token_ids[start:], completion.logps[start:], completion.model_logps[start:]
        )

    def _entries(
        self, ids: Sequence[int], logps: Sequence[float], model_logps: Sequence[float]
    ) -> dict[str, Any]:
        if not self.logprobs:
            return {"logprobs": None}
        content = [
            {**self._token(i), "logprob": logp, "model_logprob": model_logp, "top_logprobs": []}
            for i, logp, model_logp in zip(ids, logps, model_logps, strict=True)
        ]
        return {"logprobs": {"content": content, "refusal": None}, "token_ids": list(ids)}

    def _token(self, token: int) -> dict[str, Any]:
        text = self.tokenizer.decode([token], skip_special_tokens=True)
        if not text or "\ufffd" in text:
            return {"token": self.tokenizer.id_to_token(token) or "", "bytes": None}
        return {"token": text, "bytes": list(text.encode())}


def _usage(prompt_tokens: int, completions: Sequence[Completion]) -> dict[str, int]:
    drawn = sum(len(c.token_ids) for c in completions)
    return {"prompt_tokens": prompt_tokens, "completion_tokens": drawn, "total_tokens": prompt_tokens + drawn}
