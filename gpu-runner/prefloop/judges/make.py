"""A judge or a checker from its configuration in a recipe."""

from prefloop.contracts import ArithmeticChecker, HttpChecker, HttpJudge, RefusalJudge, TinyChecker, TinyJudge
from prefloop.judges import arithmetic, refusal, tiny
from prefloop.judges.http import HttpAnswerJudge, HttpEndpoint, HttpStepChecker
from prefloop.judges.judge import Judge, StepChecker


def make_judge(config: TinyJudge | RefusalJudge | HttpJudge) -> Judge:
    match config:
        case TinyJudge():
            return tiny.TinyJudge()
        case RefusalJudge():
            return refusal.RefusalJudge()
        case HttpJudge():
            return HttpAnswerJudge(HttpEndpoint(config))


def make_checker(config: TinyChecker | ArithmeticChecker | HttpChecker) -> StepChecker:
    match config:
        case TinyChecker():
            return tiny.TinyChecker()
        case ArithmeticChecker():
            return arithmetic.ArithmeticChecker()
        case HttpChecker():
            return HttpStepChecker(HttpEndpoint(config))
