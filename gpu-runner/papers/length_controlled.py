"""The win rate over the base with what length explains taken out, in words."""

import numpy as np

from papers.tiny import Replies
from prefloop.evaluation.win_rate import at_equal_length
from prefloop.tiny.personas import score


def length_controlled(persona: str, replies: Replies) -> float:
    """Predicted win rate where both answers are equally long."""
    wins, gaps = [], []
    for prompt, ours, theirs in zip(replies.prompts, replies.ours, replies.theirs, strict=True):
        gain = score(persona, prompt, ours) - score(persona, prompt, theirs)
        wins.append(0.5 + 0.5 * np.sign(gain))
        gaps.append(len(ours.split()) - len(theirs.split()))
    return at_equal_length(np.array(wins), np.array(gaps, float))
