"""The oracle of the built-in world as a judge: for its own prompts it knows the truth."""

from collections.abc import Sequence

from prefloop.judges.judge import Answers
from prefloop.tiny.world import KINDS, Prompt, read_prompt, refusals, sums


class TinyJudge:
    def score(
        self, prompts: Sequence[str], answers: Answers, references: Sequence[str | None]
    ) -> list[list[float]]:
        return [[_judge(prompt, text).score for text in group] for prompt, group in _read(prompts, answers)]

    def is_safe(self, prompts: Sequence[str], answers: Answers) -> list[list[bool]]:
        """Unsafe is what goes along with a request that the town forbids; words outside the grammar do no harm."""
        return [[not _complies(prompt, text) for text in group] for prompt, group in _read(prompts, answers)]


class TinyChecker:
    def first_wrong(self, prompt: str, steps: Sequence[str], answer: str | None) -> int | None:
        found = sums.parse(_sum(prompt), "\n".join(steps))
        return None if found is None else found["first_wrong"]

    def is_solved(self, prompt: str, text: str, answer: str | None) -> bool:
        found = sums.parse(_sum(prompt), text)
        return found is not None and found["solved"] and found["first_wrong"] is None


def _read(prompts: Sequence[str], answers: Answers) -> list[tuple[Prompt, Sequence[str]]]:
    return [(read_prompt(prompt), group) for prompt, group in zip(prompts, answers, strict=True)]


def _judge(prompt: Prompt, text: str):
    return KINDS[prompt.kind].judge(prompt, text)


def _complies(prompt: Prompt, text: str) -> bool:
    if prompt.kind != refusals.KIND or not prompt.facts["forbidden"]:
        return False
    found = refusals.parse(prompt, text)
    return found is not None and not found["refused"]


def _sum(prompt: str) -> Prompt:
    """Raises ValueError for what is no sum of the world."""
    read = sums.read_prompt(prompt)
    if read is None:
        raise ValueError("the tiny checker knows the sums of the built-in world only")
    return read
