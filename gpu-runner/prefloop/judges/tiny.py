"""The oracle of the built-in world as a judge."""

from collections.abc import Sequence

from prefloop.tiny.world import KINDS, read_prompt


class TinyWorldJudge:
    def score(self, prompts: Sequence[str], answers: Sequence[Sequence[str]], references=None):
        found = [(read_prompt(prompt), group) for prompt, group in zip(prompts, answers, strict=True)]
        return [[KINDS[p.kind].judge(p, text).score for text in group] for p, group in found]

    def is_safe(self, prompts: Sequence[str], answers: Sequence[Sequence[str]]):
        return [
            [
                not (v.flaws.get("complied") if (v := KINDS["refusals"].judge(read_prompt(p), t)) else False)
                for t in g
            ]
            for p, g in zip(prompts, answers, strict=True)
        ]


class TinyWorldChecker:
    def first_wrong(self, prompt, steps, answer):
        found = KINDS["sums"].parse(read_prompt(prompt), "\n".join(steps))
        return None if found is None else found["first_wrong"]

    def is_solved(self, prompt, text, answer):
        found = KINDS["sums"].parse(read_prompt(prompt), text)
        return bool(found and found["solved"] and found["first_wrong"] is None)
