"""How much of a reference's wording an answer has: BLEU-4 and ROUGE-L, on lower-case words and marks."""

import math
import re
from collections import Counter
from collections.abc import Sequence

_TOKEN = re.compile(r"\w+|[^\w\s]")


def tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.lower())


def bleu(answers: Sequence[str], references: Sequence[str], order: int = 4) -> float:
    """BLEU of a corpus with one reference each (Papineni et al. 2002), 0..1. n-grams that never match count as half of one
    match, so that a short corpus does not come out as zero. Raises ValueError for lists of different lengths, or none."""
    if not answers or len(answers) != len(references):
        raise ValueError("BLEU needs one reference for each answer, and at least one")
    pairs = [(tokens(one), tokens(other)) for one, other in zip(answers, references, strict=True)]
    logs = []
    for n in range(1, order + 1):
        matched = total = 0
        for ours, theirs in pairs:
            grams, known = _grams(ours, n), _grams(theirs, n)
            matched += sum(min(count, known[gram]) for gram, count in grams.items())
            total += sum(grams.values())
        if not total:
            return 0.0
        logs.append(math.log((matched or 0.5) / total))
    ours_length, theirs_length = (sum(len(pair[side]) for pair in pairs) for side in (0, 1))
    brevity = min(0.0, 1 - theirs_length / ours_length) if ours_length else -math.inf
    return math.exp(brevity + sum(logs) / order)


def rouge_l(answer: str, reference: str) -> float:
    """F1 of the longest common subsequence (Lin 2004), 0..1."""
    ours, theirs = tokens(answer), tokens(reference)
    common = _common(ours, theirs)
    return 2 * common / (len(ours) + len(theirs)) if common else 0.0


def _grams(words: Sequence[str], n: int) -> Counter:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def _common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(theirs) + 1)
    for word in ours:
        before = 0
        for i, other in enumerate(theirs, 1):
            before, row[i] = row[i], before + 1 if word == other else max(row[i], row[i - 1])
    return row[-1]
