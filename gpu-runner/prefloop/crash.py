"""Fault injection for the tests of exactly-once: the process kills itself at a chosen moment.

PREFLOOP_CRASH_AT=STAGE:N sends SIGKILL to this process the N-th time it passes STAGE: leased, step (after an optimiser
step), trained, gated, uploaded (after each file) or completed. Unset, as ever outside those tests, nothing happens.
"""

import os
import signal
from collections import Counter

_passed: Counter[str] = Counter()


def crash_point(stage: str) -> None:
    wanted = os.environ.get("PREFLOOP_CRASH_AT")
    if not wanted:
        return
    _passed[stage] += 1
    name, _, number = wanted.partition(":")
    if name == stage and _passed[stage] == int(number or 1):
        os.kill(os.getpid(), signal.SIGKILL)
