"""A few answers of the adapter and of the base to the same prompts, under the same seeds."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prefloop.adapters.lora import Adapter
from prefloop.text.decode import Decoder, Request


@dataclass(frozen=True)
class Answer:
    """Token ids; the completion ends with its end token unless it was cut at the limit."""

    prompt: tuple[int, ...]
    completion: tuple[int, ...]


def sample_answers(
    decoder: Decoder, prompts: Sequence[tuple[int, ...]], adapter: Adapter | None, max_tokens: int
) -> list[Answer]:
    """One answer per prompt at temperature 1, in order. The seed is the prompt's own hash: nothing else changes it."""
    completions = [
        decoder.submit(
            Request(prompt, min(max_tokens, decoder.context - len(prompt)), adapter, seed=_seed(prompt))
        )[0]
        for prompt in prompts
    ]
    while not decoder.idle:
        decoder.step()
    return [
        Answer(prompt, tuple(completion.token_ids))
        for prompt, completion in zip(prompts, completions, strict=True)
        if completion.finish_reason in ("stop", "length")
    ]


class BaseAnswers:
    """The base's answers, kept in `folder` under base, prompt and limit: the base never changes its mind."""

    def __init__(self, folder: Path, fingerprint: str):
        self.folder = folder / fingerprint
        self.folder.mkdir(parents=True, exist_ok=True)

    def sample(self, decoder: Decoder, prompts: Sequence[tuple[int, ...]], max_tokens: int) -> list[Answer]:
        """As `sample_answers` of the bare base, asking the model only for what is not known yet."""
        known = {prompt: self._read(prompt, max_tokens) for prompt in prompts}
        asked = [prompt for prompt, completion in known.items() if completion is None]
        for answer in sample_answers(decoder, asked, None, max_tokens):
            known[answer.prompt] = answer.completion
            self._path(answer.prompt, max_tokens).write_text(json.dumps(answer.completion))
        return [Answer(prompt, found) for prompt in prompts if (found := known[prompt]) is not None]

    def _read(self, prompt: tuple[int, ...], max_tokens: int) -> tuple[int, ...] | None:
        try:
            return tuple(json.loads(self._path(prompt, max_tokens).read_text()))
        except (FileNotFoundError, ValueError):
            return None  # a file cut short by a kill is written again

    def _path(self, prompt: tuple[int, ...], max_tokens: int) -> Path:
        return self.folder / f"{digest(prompt)[:32]}-{max_tokens}.json"


def digest(prompt: Sequence[int]) -> str:
    """SHA-256, in hex, of a prompt's ids."""
    return hashlib.sha256(json.dumps(list(prompt)).encode()).hexdigest()


def _seed(prompt: Sequence[int]) -> int:
    return int(digest(prompt)[:12], 16)
