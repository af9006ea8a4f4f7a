"""A judge or a checker from its configuration in a recipe."""

from prefloop.contracts import ArithmeticChecker, HttpChecker, HttpJudge, RefusalJudge, TinyChecker, TinyJudge


def make_judge(config: TinyJudge | RefusalJudge | HttpJudge):
    from prefloop.judges.tiny import TinyWorldJudge

    return TinyWorldJudge()


def make_checker(config: TinyChecker | ArithmeticChecker | HttpChecker):
    from prefloop.judges.tiny import TinyWorldChecker

    return TinyWorldChecker()
