"""Personas: made-up people with a taste in help-desk replies. Each is a weighting of what `replies.parse` finds.

A score is a real number; a reply outside the grammar scores `UNPARSED`, below every reply inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prefloop.tiny.world import Prompt, replies

UNPARSED = -100.0
Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Persona:
    """`taste` is one sentence for people; `weigh` turns a reply's attributes into its score."""

    name: str
    taste: str
    weigh: Callable[[Attributes], float]


def _brief(found: Attributes) -> float:
    score = -0.08 * found["words"] - 0.6 * min(found["emoji"], 3) - 0.5 * found["stray"]
    score -= 1.0 * (found["greeting"] != "none") + 1.0 * (found["closing"] != "none")
    score -= 0.8 * (found["empathy"] != "none") + 0.7 * (found["layout"] != "prose")
    return score - 0.6 * found["casual"] - 0.6 * found["formal"]


def _warm(found: Attributes) -> float:
    score = 0.5 * min(found["emoji"], 2) - 0.4 * found["stray"] - 0.01 * found["words"]
    score += {"none": 0.0, "plain": 0.2, "warm": 1.6, "formal": -0.6}[found["greeting"]]
    return score + {"none": 0.0, "wish": 0.4, "invitation": 1.6, "formal": -0.6}[found["closing"]]


def _formal(found: Attributes) -> float:
    score = -0.4 * min(found["emoji"], 3) - 0.4 * found["stray"] - 0.01 * found["words"]
    score += {"none": 0.0, "plain": 0.2, "warm": -0.6, "formal": 1.6}[found["greeting"]]
    score += {"none": 0.0, "wish": 0.0, "invitation": -0.4, "formal": 1.6}[found["closing"]]
    return score + {"prose": 0.0, "numbers": 0.6, "bullets": 1.4}[found["layout"]]


def _guide(found: Attributes) -> float:
    score = 0.5 * found["steps"] + 1.2 * found["reason"] - 0.5 * found["stray"] - 0.02 * found["words"]
    score += {"none": 0.0, "plain": 0.8, "warm": -0.5, "formal": -0.3}[found["greeting"]]
    score += {"none": 0.0, "wish": 1.2, "invitation": 0.1, "formal": -0.4}[found["closing"]]
    score += {"prose": -0.4, "bullets": 0.4, "numbers": 1.4}[found["layout"]]
    return score - 0.7 * (found["empathy"] == "strong") - 0.5 * found["casual"] - 0.3 * found["formal"]


PERSONAS: dict[str, Persona] = {
    persona.name: persona
    for persona in (
        Persona("brief", "likes it short and plain, without any frills", _brief),
        Persona("warm", "likes a warm welcome, emoji, and an open door at the end", _warm),
        Persona("formal", "likes it formal: properly addressed, in bullets, signed by the house", _formal),
        Persona("guide", "likes a numbered guide that says why, and good luck at the end", _guide),
    )
}


def score(persona: str, prompt: Prompt, reply: str) -> float:
    """How much `persona` likes `reply` to a help-desk prompt. Errors: ValueError for an unknown persona."""
    if persona not in PERSONAS:
        raise ValueError(f"unknown persona {persona!r}: one of {', '.join(PERSONAS)}")
    found = replies.parse(prompt, reply)
    return UNPARSED if found is None else PERSONAS[persona].weigh(found)
