"""Texts to token ids. Prompt and completion are encoded apart and joined as ids, so their boundary is exact.

A completion ends with the token that ends a turn: training sees the very ids that serving produces. What cannot be
trained on is named by a reason of the contract (`NotTrainableReason`) and never trimmed into something else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import AutoTokenizer, GenerationConfig, PreTrainedTokenizerBase

from prefloop.contracts import Example, NotTrainableReason, Pair, Prompt
from prefloop.text.trunk import TINY

# A reply no model would write, to find out how a template closes a turn.
_MARK = "prefloopmark"
# Tokens that prompts have in common before they are worth a segment of their own.
WORTH_SHARING = 8


@dataclass(frozen=True)
class Encoded:
    """One preference as token ids: the prompt, its completions (each with its end token), the pairs among them.

    lessons: completions to be imitated, by index. shared: how many of the prompt's tokens other rows begin with too
    (`packing`). example: where it comes from; what a recipe needs beside ids is there. weight: what each lesson counts;
    pairs have weights of their own.
    """

    preference: str
    prompt: tuple[int, ...]
    completions: tuple[tuple[int, ...], ...]
    pairs: tuple[Pair, ...]
    lessons: tuple[int, ...] = ()
    shared: int = 0
    example: Example | None = None
    weight: float = 1.0

    @property
    def tokens(self) -> int:
        return len(self.prompt) + sum(map(len, self.completions))


class Untrainable(ValueError):
    """A row that cannot be trained on; `reason` is reported to the edge."""

    def __init__(self, reason: NotTrainableReason, message: str):
        super().__init__(message)
        self.reason = reason


class TextEncoder:
    """A tokenizer with its chat template. end_ids: every token that ends a turn; end_id: the one that is trained on."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, end_ids: Sequence[int] = ()):
        self.tokenizer = tokenizer
        eos: Any = tokenizer.eos_token_id
        ids = [*end_ids, *([] if eos is None else [eos])]
        if not ids:
            raise ValueError("the tokenizer names no end token: completions could never end")
        self.end_ids: tuple[int, ...] = tuple(dict.fromkeys(int(i) for i in ids))
        self.end_id = (
            self._end_of_turn() if tokenizer.chat_template else int(self.end_ids[0] if eos is None else eos)
        )
        self._system_ids: dict[str, tuple[int, ...]] = {}

    def prompt_ids(self, prompt: Prompt | Mapping[str, Any] | Sequence[Mapping[str, str]]) -> list[int]:
        """Ids of a conversation up to where the assistant speaks, or of a plain text.

        Raises Untrainable("untokenizable") for a conversation without a chat template, or one the template refuses.
        """
        messages, text = _read_prompt(prompt)
        if messages is None:
            return self._ids(text or "", special=True)
        if not self.tokenizer.chat_template:
            raise Untrainable("untokenizable", "the base model has no chat template: give plain text")
        # The template writes its own special tokens; the tokenizer must not add a second set.
        return self._ids(self._render(messages, add_generation_prompt=True), special=False)

    def completion_ids(self, text: str) -> list[int]:
        """Ids of an answer, the end token included."""
        return [*self._ids(text, special=False), self.end_id]

    def encode(self, example: Example, max_length: int) -> Encoded:
        """Raises Untrainable: needsText, emptyCompletion, equalTexts, equalTokens, tooLong (prompt and completion together), or
        untokenizable. Pairs of equal completions are dropped while others remain; an example without pairs keeps all.

        After a `prefix` the completions are steps of one answer: the prefix counts to the prompt, and no step is ended.
        """
        texts = example.completions
        if not texts:
            raise Untrainable("needsText", "these are pictures, and the model writes texts")
        used = sorted(
            {i for pair in example.pairs for i in (pair.chosen, pair.rejected)} or range(len(texts))
        )
        if any(not texts[i] for i in used):
            raise Untrainable("emptyCompletion", "a completion is empty")
        if example.pairs and all(texts[pair.chosen] == texts[pair.rejected] for pair in example.pairs):
            raise Untrainable("equalTexts", "chosen and rejected are the same text")
        prompt = self.prompt_ids(example.prompt)
        if example.prefix is None:
            completions = [self.completion_ids(text) for text in texts]
        else:
            prompt = prompt + self.step_ids(example.prefix)
            completions = [self.step_ids(text) for text in texts]
        pairs = [pair for pair in example.pairs if completions[pair.chosen] != completions[pair.rejected]]
        if example.pairs and not pairs:
            raise Untrainable("equalTokens", "chosen and rejected are the same tokens")
        longest = len(prompt) + max(len(completions[i]) for i in used)
        if longest > max_length:
            raise Untrainable("tooLong", f"{longest} tokens, at most {max_length} fit")
        if not prompt:
            raise Untrainable("untokenizable", "the prompt has no tokens")
        return Encoded(
            example.preference,
            tuple(prompt),
            tuple(map(tuple, completions)),
            tuple(pairs),
            shared=self._shared(example.prompt, prompt),
            example=example,
        )

    def _shared(self, prompt: Prompt | Mapping[str, Any], ids: Sequence[int]) -> int:
        """Tokens of the system's message, which all who ask under it have in common."""
        messages, _ = _read_prompt(prompt)
        if not messages or messages[0]["role"] != "system":
            return 0
        text = messages[0]["content"]
        if text not in self._system_ids:
            asked = [[messages[0], {"role": "user", "content": word}] for word in ("0", "a")]
            both = [tuple(self.prompt_ids(conversation)) for conversation in asked]
            self._system_ids[text] = both[0][: common_beginning(both)]
        system = self._system_ids[text]
        return len(system) if len(system) >= WORTH_SHARING and tuple(ids[: len(system)]) == system else 0

    def step_ids(self, text: str) -> list[int]:
        """Ids of a part of an answer: nothing is ended."""
        return self._ids(text, special=False)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of an answer, without its end tokens."""
        kept = [i for i in ids if i not in self.end_ids]
        text: Any = self.tokenizer.decode(kept, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text

    def _ids(self, text: str, special: bool) -> list[int]:
        try:
            return list(self.tokenizer(text, add_special_tokens=special, verbose=False)["input_ids"])
        except (UnicodeEncodeError, TypeError) as error:
            raise Untrainable("untokenizable", f"not valid Unicode: {error}") from error

    def _render(self, messages: Sequence[Mapping[str, str]], add_generation_prompt: bool) -> str:
        try:
            rendered = self.tokenizer.apply_chat_template(
                [dict(m) for m in messages], tokenize=False, add_generation_prompt=add_generation_prompt
            )
        except Exception as error:  # a template may raise anything: TemplateError, KeyError, TypeError
            raise Untrainable("untokenizable", f"the chat template refuses it: {error}") from error
        assert isinstance(rendered, str)
        return rendered

    def _end_of_turn(self) -> int:
        """The token that this template writes after an answer. Raises ValueError for a template under which a prompt is
        not the beginning of the whole conversation: it would train on tokens that serving never sees."""
        asked = [{"role": "user", "content": "prefloop?"}]
        prompt = self._render(asked, add_generation_prompt=True)
        whole = self._render([*asked, {"role": "assistant", "content": _MARK}], add_generation_prompt=False)
        if not whole.startswith(prompt + _MARK):
            raise ValueError(
                "the chat template does not keep prompts as prefixes: the prompt rendered for generation is not how "
                "the whole conversation begins, so answers cannot be scored as they are served"
            )
        rest = self._ids(whole[len(prompt) + len(_MARK) :], special=False)
        return next((i for i in rest if i in self.end_ids), self.end_ids[0])


def common_beginning(texts: Sequence[Sequence[int]]) -> int:
    """Tokens that all of them begin with."""
    return next(
        (i for i, tokens in enumerate(zip(*texts, strict=False)) if len(set(tokens)) > 1),
        min(map(len, texts)),
    )


def load_encoder(name: str, revision: str | None = None) -> TextEncoder:
    """The tokenizer of `tiny`, a folder or a hub id. Raises ValueError when there is none."""
    path = str(TINY) if name == "tiny" else name
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, revision=revision)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot load a tokenizer from {name!r}: {error}") from error
    return TextEncoder(tokenizer, _generation_ends(path, revision))


def _generation_ends(path: str, revision: str | None) -> list[int]:
    """End tokens named by generation_config.json: instruct models often have several."""
    try:
        ends = GenerationConfig.from_pretrained(path, revision=revision or "main").eos_token_id
    except OSError:
        return []
    return ends if isinstance(ends, list) else [] if ends is None else [ends]


def _read_prompt(prompt: Any) -> tuple[Sequence[Mapping[str, str]] | None, str | None]:
    """(messages, text), one of them None."""
    if isinstance(prompt, Prompt):
        prompt = prompt.model_dump(exclude_none=True)
    if isinstance(prompt, Mapping):
        return prompt.get("messages"), prompt.get("text")
    return prompt, None
