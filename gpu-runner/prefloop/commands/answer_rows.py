"""Rows of files that `prefloop import` reads, as a prompt and the answers to it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class AnswerRow:
    """prompt: a text, or messages. answers: in the order in which they are imported; of a pair the chosen one first."""

    prompt: Any
    answers: tuple[str, ...]
    is_pair: bool


def read_answers(row: Any) -> AnswerRow:
    """TRL's with an explicit prompt, OpenAI's and UltraFeedback's. Raises ValueError for what is none of these."""
    match row:
        case {"prompt": prompt, "chosen": chosen, "rejected": rejected}:
            return AnswerRow(prompt, (_text(chosen), _text(rejected)), True)
        case {"prompt": prompt, "completion": completion}:
            return AnswerRow(prompt, (_text(completion),), False)
        case {"input": {"messages": prompt}, "preferred_output": chosen, "non_preferred_output": rejected}:
            return AnswerRow(prompt, (_text(chosen), _text(rejected)), True)
        case {"instruction": prompt, "completions": [*answers]} if answers:
            return AnswerRow(prompt, tuple(_text(_response(answer)) for answer in answers), False)
    raise ValueError("is no row of trl with a prompt, trl-unpaired, openai or ultrafeedback")


def _response(answer: Any) -> Any:
    return answer.get("response") if isinstance(answer, dict) else None


def _text(answer: Any) -> str:
    match answer:
        case str(text) | [{"role": "assistant", "content": str(text)}]:
            return text
    raise ValueError("an answer is a text, or a list of one assistant message")
