"""Answers bettered by the model that gave them."""

from collections.abc import Sequence

from papers.context import Context
from papers.tiny import Sampling
from prefloop.adapters.lora import Adapter
from prefloop.recipes.draw import draw_answers
from prefloop.text.revise import revision_messages
from prefloop.tiny.world import Prompt


def revised(
    context: Context, adapter: Adapter | None, prompts: Sequence[Prompt], drafts: Sequence[str], name: str
) -> list[str]:
    """One revision of every draft; a draft that leaves no room for one stays."""
    encoder = context.base.encoder
    asked = [
        tuple(encoder.prompt_ids(revision_messages(prompt.messages, draft)))
        for prompt, draft in zip(prompts, drafts, strict=True)
    ]
    drawn = draw_answers(context.base, asked, adapter, 1, Sampling(), f"{context.seed} {name}")
    return [group[0].text if group else draft for group, draft in zip(drawn, drafts, strict=True)]
