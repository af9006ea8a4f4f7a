"""What each recipe needs of an example: said before any training, by a reason of the contract.

The edge sets such votes apart when they come in; here it is checked again, for files and for votes that came under
another recipe.
"""

from prefloop.contracts import Example, NotTrainableReason, Recipe
from prefloop.text.encode import Untrainable

_ONE_ANSWER = ("sft", "egida", "rebirth")


def check_needs(example: Example, recipe: Recipe) -> None:
    """Raises Untrainable."""
    if reason := _missing(example, recipe):
        raise Untrainable(reason[0], reason[1])


def _missing(example: Example, recipe: Recipe) -> tuple[NotTrainableReason, str] | None:
    method = recipe.method
    if method == "step-dpo":
        if example.prefix is None and (example.prompt.answer is None or not example.pairs):
            return (
                "needsSteps",
                "step-dpo needs a step that is marked wrong, or a pair and the prompt's known answer",
            )
        return None
    if recipe.method == "mrdpo":
        if recipe.ce_weight > 0 and example.prompt.answer is None:
            return "needsAnswer", "mrdpo needs the prompt's known answer, unless ceWeight is 0"
        if recipe.resample:
            return None
    if method == "cofs-dpo" and example.prompt.topic is None:
        return "needsTopic", "cofs-dpo needs the prompt's topic"
    if method == "curry-dpo":
        if example.ratings is None or len(example.completions) < 3:
            return "needsRanking", "curry-dpo needs at least three answers in an order"
        if len(set(example.ratings)) < 2:
            return "equalRatings", "all answers are rated alike"
    liked = method in _ONE_ANSWER and bool(example.ratings)
    if method == "ppd" and example.user_key is None:
        return "needsUser", "ppd needs to know whose vote it is"
    if not example.pairs and not liked:
        return "needsPair", f"{method} needs two answers of which one is better"
    return None
