"""The texts behind encoded rows, for those who judge them."""

from prefloop.text.encode import Encoded


def prompt_text(row: Encoded) -> str:
    """What was asked: a plain prompt, or the last thing that the user said."""
    assert row.example is not None
    prompt = row.example.prompt
    if prompt.text is not None:
        return prompt.text
    users = [message.content for message in prompt.messages or () if message.role == "user"]
    return users[-1] if users else ""
