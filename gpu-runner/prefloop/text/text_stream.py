"""Tokens become text as they are drawn: whole characters only, and nothing that a stop string may yet take back."""

from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from prefloop.text.encode import TextEncoder


def fast_tokenizer(encoder: TextEncoder) -> Tokenizer:
    """The Rust tokenizer behind an encoder. Raises ValueError where there is none."""
    backend = getattr(encoder.tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise ValueError(f"{type(encoder.tokenizer).__name__} has no fast form (tokenizer.json)")
    return backend


class TextStream:
    """The text of one completion. Special tokens are not part of it, nor is a stop string or anything after it.

    text: what is settled so far · stopped: whether a stop string ended it.
    """

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str] = ()):
        self.tokenizer = tokenizer
        self.stop = stop
        self.decode_stream = DecodeStream(skip_special_tokens=True)
        self.ids: list[int] = []
        self.text = ""
        self.held = ""  # decoded, but it may be the beginning of a stop string
        self.stopped = False

    def push(self, token: int) -> str:
        """Take the next token; returns what it settles, which may be nothing."""
        assert not self.stopped
        self.ids.append(token)
        new = self.decode_stream.step(self.tokenizer, token)
        return self._settle(new) if new else ""

    def finish(self) -> str:
        """No token follows: returns the rest, a torn character as U+FFFD."""
        if self.stopped:
            return ""
        whole = self.tokenizer.decode(self.ids, skip_special_tokens=True)
        known = self.text + self.held
        rest = self._settle(whole[len(known) :]) if whole.startswith(known) else ""
        if not self.stopped:
            rest, self.text, self.held = rest + self.held, self.text + self.held, ""
        return rest

    def _settle(self, new: str) -> str:
        tail = self.held + new
        found = [at for stop in self.stop if (at := tail.find(stop)) >= 0]
        if found:
            self.stopped = True
            settled, self.held = tail[: min(found)], ""
        else:
            keep = max((_overlap(tail, stop) for stop in self.stop), default=0)
            settled, self.held = tail[: len(tail) - keep], tail[len(tail) - keep :]
        self.text += settled
        return settled


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that is a beginning of `stop`, shorter than it."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
