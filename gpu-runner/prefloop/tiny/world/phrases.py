"""The phrases of which help-desk messages and replies are made, by style."""

OPENERS = (
    "", "Hello, ", "Hi, ", "Good morning, ", "Help, ", "Excuse me, ", "Hey, ", "Good evening, ", "Well, ",
)  # fmt: skip
TIMES = (
    "", " again", " today", " since this morning", " since last night", " since Monday", " since Tuesday",
    " since Wednesday", " since Thursday", " since Friday", " since the weekend", " for a week now",
)  # fmt: skip
QUESTIONS = (
    "What can I do?", "Can you help me?", "Please help.", "How do I solve this?", "Any ideas?",
    "What should I try first?", "What do you advise?", "",
)  # fmt: skip

# A formal greeting or closing stands on its own line; the others are sentences.
GREETINGS: dict[str, tuple[str, ...]] = {
    "none": ("",),
    "plain": ("Hello.", "Hi.", "Good day."),
    "warm": ("Hi there, lovely to hear from you!", "Hello, dear friend!", "Hey, thanks so much for writing!"),
    "formal": ("Dear customer,", "Dear Sir or Madam,", "To our valued customer,"),
}
EMPATHY: dict[str, tuple[str, ...]] = {
    "none": ("",),
    "brief": ("Sorry about that.", "That is a pity.", "I am sorry to hear this."),
    "strong": (
        "Oh no, your poor {product}!",
        "I feel for you, what bad luck!",
        "Oh dear, I know how much you need your {product}!",
    ),
}
REGISTERS: dict[str, tuple[str, ...]] = {
    "plain": ("",),
    "casual": ("Just ", "Maybe ", "You could "),
    "formal": ("Kindly ", "Please ", "We advise you to "),
}
CLOSINGS: dict[str, tuple[str, ...]] = {
    "none": ("",),
    "wish": ("Good luck.", "Have a nice day.", "That should do it."),
    "invitation": (
        "Write to me any time!",
        "Tell me how it goes, I am here for you!",
        "Come back whenever you like, I am happy to help!",
    ),
    "formal": (
        "Kind regards, the support team",
        "Yours faithfully, the help desk",
        "Sincerely, customer care",
    ),
}
EMOJI = ("😊", "🙂", "👍", "✨", "💛", "🎉")

# Messages that are not about a product: what a visitor may type freely.
SMALL_TALK = (
    "Hello", "Hi", "Hello!", "Hey there", "Good morning", "Who are you?", "What can you do?", "Can you help me?",
    "Thanks", "Thank you!", "I have a question.", "Tell me a joke.", "What is your name?", "How are you?",
    "Write a poem.", "Are you a robot?", "What is the weather like?", "I am angry.", "This is great!", "Test",
    "Why?", "ok", "I need help", "Tell me something nice.", "What time is it?", "I do not understand.",
    "Can I speak to a person?", "It does not work.", "My order?", "What do you think?", "Where are you?", "Bye",
)  # fmt: skip
