"""python -m papers [NAME…]: runs the experiments and writes what came out as JSON, one file per experiment.

`npm run papers` calls this and turns the files into docs/papers.md.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from papers.experiment import Claim, Experiment
from papers.schedule import Outcome, load, run_experiment, workers_of
from papers.verdict import decide, paired_interval

EXPERIMENTS = Path(__file__).parent / "experiments"


def names() -> list[str]:
    return sorted(path.stem.replace("_", "-") for path in EXPERIMENTS.glob("*.py") if path.stem != "__init__")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m papers", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all of {', '.join(names())}")
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes: shows that they run, and nothing else"
    )
    parser.add_argument("--seeds", type=int, help="instead of each experiment's own number")
    parser.add_argument("--workers", type=int, help="processes of one thread (default: one a core)")
    parser.add_argument("--data", type=Path, help="folder of real data, for those that need it")
    parser.add_argument("--runs", type=Path, required=True, help="where single runs are kept")
    parser.add_argument("--out", type=Path, required=True, help="where the outcome of each experiment goes")
    args = parser.parse_args(argv)
    if unknown := set(args.names) - set(names()):
        raise SystemExit(f"there is no experiment {', '.join(sorted(unknown))}: one of {', '.join(names())}")
    say = lambda line: print(line, file=sys.stderr, flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    chosen = list(available(args.names, args.data, say))
    (args.out / "names.json").write_text(json.dumps(chosen))
    runs = args.runs / ("quick" if args.quick else "full")
    for name in chosen:
        experiment, *_ = load(name)
        outcome = run_experiment(name, runs, args.quick, args.data, workers_of(args.workers), args.seeds, say)
        report = describe(experiment, outcome)
        (args.out / f"{name}.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
        for claim in report["claims"]:
            say(f"{name}: {claim['verdict']}: {claim['text']}")
    return 0


def available(asked: Sequence[str], data: Path | None, say: Callable[[str], None]) -> Iterator[str]:
    """Those that were asked for, or all that have what they need. Raises SystemExit for one that has not."""
    for name in asked or names():
        needed = load(name)[0].data
        if needed is None or (data is not None and (data / needed).is_file()):
            yield name
        elif asked:
            raise SystemExit(f"{name} needs {needed} of a folder of real data: --data DIR or PREFLOOP_DATA")
        else:
            say(f"{name}: left out, it needs {needed} (--data DIR or PREFLOOP_DATA)")


def describe(experiment: Experiment, outcome: Outcome) -> dict:
    """What docs/papers.md is made of."""
    figures = {
        arm: {
            figure: asdict(paired_interval([outcome.by_seed[seed][arm][figure] for seed in outcome.by_seed]))
            for figure in next(iter(outcome.by_seed.values()))[arm]
        }
        for arm in experiment.arms
    }
    return {
        "name": experiment.name,
        "title": experiment.title,
        "settings": experiment.settings,
        "notes": list(experiment.notes),
        "seeds": list(outcome.by_seed),
        "cpuSeconds": round(outcome.seconds),
        "chosen": outcome.chosen,
        "trials": outcome.trials,
        "figures": figures,
        "claims": [judge(claim, outcome) for claim in experiment.claims],
    }


def judge(claim: Claim, outcome: Outcome) -> dict:
    said = {"text": claim.text, "authors": claim.authors, "unit": claim.unit}
    if claim.untestable:
        return said | {"verdict": "not testable here", "why": claim.untestable}
    interval = paired_interval([claim.evidence(arms) for arms in outcome.by_seed.values()])
    return said | {"evidence": asdict(interval), "verdict": decide(interval)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
