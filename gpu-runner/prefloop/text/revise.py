"""Asking a model to better its own answer."""

from collections.abc import Mapping, Sequence
from typing import Any

# The form that the built-in model knows; the contract's default (shared/contracts/recipe-pairs.ts) says the same.
DEFAULT_REVISION = "{prompt}\n\nDraft:\n{draft}\n\nRewrite the draft so that it is better."


def revision_text(prompt: str, draft: str, template: str = DEFAULT_REVISION) -> str:
    """The message that asks for a better answer than `draft` to `prompt`."""
    before, _, after = template.partition("{prompt}")
    # one pass each: a draft that speaks of {prompt} stays as it is
    return before.replace("{draft}", draft) + prompt + after.replace("{draft}", draft)


def revision_messages(
    messages: Sequence[Mapping[str, Any]], draft: str, template: str = DEFAULT_REVISION
) -> list[dict[str, Any]]:
    """The conversation, its last user's message turned into a request to better `draft`.

    Raises ValueError when no user has spoken.
    """
    turned = [dict(message) for message in messages]
    for message in reversed(turned):
        if message["role"] == "user":
            message["content"] = revision_text(message["content"], draft, template)
            return turned
    raise ValueError("there is no user's message to ask a revision of")
