"""What a judge is: something that tells good answers from bad ones, or fails. It never invents.

Shapes: one list of answers for every prompt; what comes back has the same form.
"""

from collections.abc import Sequence
from typing import Protocol

Answers = Sequence[Sequence[str]]


class JudgeFailed(OSError):
    """The judge gave no usable verdict: the batch fails, and nothing is learned from a guess."""


class Judge(Protocol):
    """Of whole answers. prompts: what was asked, as text. Raises JudgeFailed."""

    def score(
        self, prompts: Sequence[str], answers: Answers, references: Sequence[str | None]
    ) -> list[list[float]]:
        """More is better; comparable between the answers of one prompt only. references: known right answers."""
        ...

    def is_safe(self, prompts: Sequence[str], answers: Answers) -> list[list[bool]]: ...


class StepChecker(Protocol):
    """Of reasoning in steps. answer: the known right one, as text. Raises JudgeFailed."""

    def first_wrong(self, prompt: str, steps: Sequence[str], answer: str | None) -> int | None:
        """From 0; None when every step is right, or when the text has no steps that could be checked."""
        ...

    def is_solved(self, prompt: str, text: str, answer: str | None) -> bool: ...
