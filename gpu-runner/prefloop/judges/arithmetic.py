"""Sums checked by calculating: every "a + b = c" of a step must hold, and the last number must be the known answer's."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

_NUMBER = r"[-−]?\$?\d[\d,]*(?:\.\d+)?|[-−]?\.\d+"
_SUM = re.compile(
    rf"(?P<left>(?:{_NUMBER})%?(?:\s*[-+−*/×x÷]\s*\(?(?:{_NUMBER})%?\)?)+)\s*=\s*(?P<right>{_NUMBER})"
)
_PART = re.compile(rf"\s*([-+−*/×x÷]?)\s*\(?({_NUMBER})(%?)\)?")
# Results are often rounded to cents.
TOLERANCE = Decimal("0.01")


class ArithmeticChecker:
    def first_wrong(self, prompt: str, steps: Sequence[str], answer: str | None) -> int | None:
        """The first step with a sum that does not hold; when all hold and the answer is another one, the last step."""
        for number, step in enumerate(steps):
            if not all(holds(left, right) for left, right in sums_in(step)):
                return number
        return (
            len(steps) - 1
            if steps and answer and not self.is_solved(prompt, "\n".join(steps), answer)
            else None
        )

    def is_solved(self, prompt: str, text: str, answer: str | None) -> bool:
        """Raises ValueError without a known answer, or one without a number."""
        known = last_number(answer or "")
        if known is None:
            raise ValueError("the arithmetic checker needs a known answer that ends with a number")
        found = last_number(text)
        return found is not None and abs(found - known) <= TOLERANCE


def sums_in(step: str) -> list[tuple[str, str]]:
    return [(match["left"], match["right"]) for match in _SUM.finditer(step)]


def holds(left: str, right: str) -> bool:
    """Whether a chain of numbers and signs, products first, comes to `right`. Division by zero does not."""
    terms: list[Decimal] = []
    for sign, digits, percent in _PART.findall(left):
        value = _decimal(digits)
        if value is None:
            return True  # not a sum after all: nothing to object to
        value = value / 100 if percent else value
        if sign in ("*", "×", "x"):
            terms[-1] *= value
        elif sign in ("/", "÷"):
            if value == 0:
                return False
            terms[-1] /= value
        else:
            terms.append(-value if sign in ("-", "−") else value)
    result = _decimal(right)
    return result is None or abs(sum(terms) - result) <= TOLERANCE


def last_number(text: str) -> Decimal | None:
    found = re.findall(_NUMBER, text)
    return _decimal(found[-1]) if found else None


def _decimal(digits: str) -> Decimal | None:
    try:
        return Decimal(digits.replace("−", "-").replace("$", "").replace(",", ""))
    except InvalidOperation:
        return None
