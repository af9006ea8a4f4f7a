"""Drafts to be improved: a scene, a sum or a reply with flaws is given, a better one is asked for (self-revision).

The deliberate flaw, `unimproved`: the rewrite is no better than the draft.
"""

from __future__ import annotations

import random
from typing import Any

from prefloop.tiny.world import replies, scenes, sums
from prefloop.tiny.world.prompt import Prompt, Verdict

KIND = "rewrites"
FLAWS = ("unimproved",)
UNIMPROVED_RATE = 0.25
DRAFT, REQUEST = "\n\nDraft:\n", "\n\nRewrite the draft so that it is better."
_KINDS = (scenes, sums, replies)


def revision_text(prompt_text: str, draft: str) -> str:
    """The message that asks for a better answer than `draft` to `prompt_text`."""
    return f"{prompt_text}{DRAFT}{draft}{REQUEST}"


def sample_prompt(rng: random.Random) -> Prompt:
    """A prompt of another kind with a flawed draft."""
    kind = rng.choice(_KINDS)
    original = kind.sample_prompt(rng)
    return _prompt(original, kind.sample_answer(rng, original, flawed=True))


def read_prompt(text: str) -> Prompt | None:
    """The prompt behind `text`, or None where it holds no draft of a known kind."""
    if not text.endswith(REQUEST) or DRAFT not in text:
        return None
    original_text, _, rest = text.partition(DRAFT)
    for kind in _KINDS:
        if original := kind.read_prompt(original_text):
            return _prompt(original, rest.removesuffix(REQUEST))
    return None


def sample_answer(rng: random.Random, prompt: Prompt, flawed: bool | None = None) -> str:
    """A flawless rewrite; with `flawed` True the draft once more, None leaves that to chance."""
    if flawed or (flawed is None and rng.random() < UNIMPROVED_RATE):
        return prompt.facts["draft"]
    original: Prompt = prompt.facts["original"]
    return _module(original).sample_answer(rng, original, flawed=False)


def parse(prompt: Prompt, answer: str) -> dict[str, Any] | None:
    """The attributes of the rewrite as an answer to the original prompt."""
    original: Prompt = prompt.facts["original"]
    return _module(original).parse(original, answer)


def judge(prompt: Prompt, answer: str) -> Verdict:
    """Is it better than the draft, or flawless? The score is the rewrite's own, as an answer to the original prompt."""
    original: Prompt = prompt.facts["original"]
    module = _module(original)
    before, after = module.judge(original, prompt.facts["draft"]), module.judge(original, answer)
    return Verdict(after.parsed, {"unimproved": after.score <= before.score and after.score < 1}, after.score)


def _prompt(original: Prompt, draft: str) -> Prompt:
    facts = {"original": original, "draft": draft}
    # the identity of what is rewritten: an answer seen as a rewrite is not unseen elsewhere
    return Prompt(KIND, revision_text(original.text, draft), original.identity, facts)


def _module(original: Prompt) -> Any:
    return next(kind for kind in _KINDS if kind.KIND == original.kind)
