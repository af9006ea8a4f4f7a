"""Scenes to be told in full: the prompt lists events in note form, the answer tells them in sentences.

The deliberate flaws: `missing` (an event is left out) and `invented` (one is told that the notes do not have).
"""

from __future__ import annotations

import random
import re
from itertools import pairwise
from typing import Any

from prefloop.tiny.world.prompt import Prompt, Verdict

KIND = "scenes"
FLAWS = ("missing", "invented")
MISSING_RATE, INVENTED_RATE = 0.22, 0.2
MIN_EVENTS, MAX_EVENTS = 3, 5
ACTORS = (
    "Anna", "Paul", "Rosa", "Emil", "Grandma", "Uncle Joe", "the cat", "the dog", "the baker", "the postman",
    "the boy", "the girl", "the teacher", "the farmer", "the crow", "the queen",
)  # fmt: skip
# note form -> told form
ACTIONS = {
    "open the door": "opens the door", "drop a cup": "drops a cup", "ring the bell": "rings the bell",
    "climb the tree": "climbs the tree", "eat a pear": "eats a pear", "read a letter": "reads a letter",
    "hide a key": "hides a key", "sing a song": "sings a song", "fall asleep": "falls asleep",
    "run away": "runs away", "light a candle": "lights a candle", "close the window": "closes the window",
    "pour the milk": "pours the milk", "jump over the wall": "jumps over the wall", "find a coin": "finds a coin",
    "break the vase": "breaks the vase", "wave a flag": "waves a flag", "carry a basket": "carries a basket",
    "laugh out loud": "laughs out loud", "paint the fence": "paints the fence", "kick the ball": "kicks the ball",
    "cross the bridge": "crosses the bridge", "lose a shoe": "loses a shoe", "catch a fish": "catches a fish",
    "bake a cake": "bakes a cake", "sweep the floor": "sweeps the floor", "dig a hole": "digs a hole",
    "look at the moon": "looks at the moon", "call for help": "calls for help", "steal the soup": "steals the soup",
}  # fmt: skip
REQUESTS = (
    "Tell the whole scene: {notes}.", "Here are my notes: {notes}. Tell everything that happens.",
    "Write out these notes in full: {notes}.", "What happens in this scene? {notes}.",
    "Notes: {notes}. Leave nothing out.",
)  # fmt: skip
CONNECTORS = ("Then ", "After that, ", "Next, ", "Now ", "")
Event = tuple[str, str]


def sample_prompt(rng: random.Random) -> Prompt:
    """Notes of three to five different events in their order."""
    events: list[Event] = []
    actions = rng.sample(tuple(ACTIONS), rng.randint(MIN_EVENTS, MAX_EVENTS))
    for action in actions:
        events.append((rng.choice(ACTORS), action))
    notes = "; ".join(f"{actor}: {action}" for actor, action in events)
    return _prompt(rng.choice(REQUESTS).format(notes=notes), events)


def read_prompt(text: str) -> Prompt | None:
    """The prompt behind `text`, or None where it holds no notes."""
    events = [(actor, action) for actor, action in _NOTE.findall(text)]
    known = MIN_EVENTS <= len(events) <= MAX_EVENTS
    notes = "; ".join(f"{actor}: {action}" for actor, action in events)
    return _prompt(text, events) if known and text in {r.format(notes=notes) for r in REQUESTS} else None


def sample_answer(rng: random.Random, prompt: Prompt, flawed: bool | None = None) -> str:
    """The scene told. `flawed` True leaves out or invents at least one event, None leaves that to chance."""
    events: list[Event] = list(prompt.facts["events"])
    drop, invent = False, False
    if flawed:
        drop, invent = rng.choice(((True, False), (False, True), (True, True)))
    elif flawed is None:
        drop, invent = rng.random() < MISSING_RATE, rng.random() < INVENTED_RATE
    if drop:
        for _ in range(rng.choice((1, 1, 2))):
            events.pop(rng.randrange(len(events)))
    if invent:
        used = {action for _, action in prompt.facts["events"]}
        invented = rng.choice([action for action in ACTIONS if action not in used])
        events.insert(rng.randint(0, len(events)), (rng.choice(ACTORS), invented))
    sentences = []
    for i, (actor, action) in enumerate(events):
        lead = rng.choice(("First, ", "", "At first, ")) if i == 0 else rng.choice(CONNECTORS)
        sentence = f"{lead}{actor} {ACTIONS[action]}."
        sentences.append(sentence[0].upper() + sentence[1:])
    return " ".join(sentences)


def parse(prompt: Prompt, answer: str) -> dict[str, Any] | None:
    """The events told, in order, and against the notes: `missing`, `invented`, `repeated` and `swapped` counts."""
    told: list[Event] = []
    rest = answer.strip()
    while match := _SENTENCE.match(rest):
        actor = match["actor"] if match["actor"] in ACTORS else match["actor"][0].lower() + match["actor"][1:]
        told.append((actor, _NOTE_OF[match["action"]]))
        rest = rest[match.end() :]
    if rest or not told:
        return None
    asked: tuple[Event, ...] = prompt.facts["events"]
    positions = [asked.index(event) for event in dict.fromkeys(told) if event in asked]
    return {
        "told": told,
        "missing": len(set(asked) - set(told)),
        "invented": len(set(told) - set(asked)),
        "repeated": len(told) - len(set(told)),
        "swapped": sum(a > b for a, b in pairwise(positions)),
    }


def judge(prompt: Prompt, answer: str) -> Verdict:
    """Is every event told and none invented? The score is 1 - errors / events, not below 0."""
    found = parse(prompt, answer)
    if found is None:
        return Verdict(False, {"missing": True, "invented": True}, 0.0)
    errors = found["missing"] + found["invented"] + found["repeated"] + found["swapped"]
    flaws = {"missing": found["missing"] > 0, "invented": found["invented"] > 0}
    return Verdict(True, flaws, max(0.0, 1 - errors / len(prompt.facts["events"])))


def _prompt(text: str, events: list[Event]) -> Prompt:
    identity = f"{KIND}:" + ";".join(f"{actor}:{action}" for actor, action in events)
    return Prompt(KIND, text, identity, {"events": tuple(events)})


_ACTOR, _ACTION = "|".join(ACTORS), "|".join(ACTIONS)
_NOTE_OF = {told: note for note, told in ACTIONS.items()}
_NOTE = re.compile(rf"({_ACTOR}): ({_ACTION})(?=[;.])")
_SENTENCE = re.compile(
    rf"(?:First, |At first, |Then |After that, |Next, |Now )?(?P<actor>{_ACTOR}|The \w+) (?P<action>{'|'.join(_NOTE_OF)})\.(?: |$)"
)
