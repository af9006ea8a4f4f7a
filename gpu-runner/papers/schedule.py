"""Runs the arms of experiments: settings first, on a seed of their own, then every seed with the best of them."""

import hashlib
import importlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from papers.context import TUNING_SEED, Context
from papers.experiment import Experiment
from papers.results import Results, identity_of


@dataclass(frozen=True)
class Job:
    """One run of one arm. setting: its number in the arm's grid."""

    experiment: str
    arm: str
    setting: int
    seed: int
    quick: bool
    data: Path | None
    folder: Path

    @property
    def name(self) -> str:
        return f"{self.arm}-{self.setting}-{self.seed}"


def load(name: str) -> tuple[Experiment, str, str]:
    """(experiment, identity in full, identity of --quick). Raises ValueError for a name that is none."""
    try:
        module = importlib.import_module(f"papers.experiments.{name.replace('-', '_')}")
    except ModuleNotFoundError as error:
        raise ValueError(f"there is no experiment {name!r}") from error
    return module.EXPERIMENT, identity_of(module, False), identity_of(module, True)


def run_job(job: Job) -> dict[str, Any]:
    """In a process of its own: one thread, so that two of them share two cores, and the same bits everywhere."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]
    experiment, *identities = load(job.experiment)
    identity = identities[job.quick] + digest_of(experiment, job.data)
    results = Results(job.folder, identity)
    if known := results.read(job.name):
        return known
    arm = experiment.arms[job.arm]
    started = time.process_time()
    figures = arm.run(_context(job, identity), arm.grid[job.setting])
    content = {
        "figures": figures,
        "setting": dict(arm.grid[job.setting]),
        "seconds": time.process_time() - started,
    }
    results.write(job.name, content)
    return content


def digest_of(experiment: Experiment, data: Path | None) -> str:
    """Of the real data that an experiment reads: other data, other results."""
    if experiment.data is None or data is None:
        return ""
    return hashlib.sha256((data / experiment.data).read_bytes()).hexdigest()[:8]


def _context(job: Job, identity: str) -> Context:
    return Context(job.seed, job.quick, job.data, job.folder.parent / "shared" / identity)


@dataclass(frozen=True)
class Outcome:
    """chosen: the setting of every arm. trials: how many were tried. by_seed: {seed: {arm: figures}}."""

    chosen: dict[str, dict[str, float]]
    trials: dict[str, list[dict[str, Any]]]
    by_seed: dict[int, dict[str, dict[str, float]]]
    seconds: float


def run_experiment(
    name: str, folder: Path, quick: bool, data: Path | None, workers: int, seeds: int | None, say: Any
) -> Outcome:
    experiment, *_ = load(name)
    count = 2 if quick else seeds or experiment.seeds
    measured = range(experiment.first_seed, experiment.first_seed + count)
    make = lambda arm, setting, seed: Job(name, arm, setting, seed, quick, data, folder / name)
    # --quick tries nothing: the first setting stands for the best
    tried = {arm: [0] if quick else list(range(len(value.grid))) for arm, value in experiment.arms.items()}
    trials = [
        make(arm, setting, TUNING_SEED)
        for arm, settings in tried.items()
        if len(settings) > 1
        for setting in settings
    ]
    done: dict[str, dict[str, Any]] = {}
    with ProcessPoolExecutor(workers) as pool:
        done |= dict(_run_all(pool, trials, name, say))
        best = {
            arm: max(
                settings,
                key=lambda setting: done[make(arm, setting, TUNING_SEED).name]["figures"][experiment.score],
            )
            if len(settings) > 1
            else settings[0]
            for arm, settings in tried.items()
        }
        # seeds side by side, not arms: the first arm makes what the others of its seed share (`Context.once`)
        jobs = [make(arm, best[arm], seed) for arm in experiment.arms for seed in measured]
        done |= dict(_run_all(pool, jobs, name, say))
    by_seed = {
        seed: {arm: done[make(arm, best[arm], seed).name]["figures"] for arm in experiment.arms}
        for seed in measured
    }
    chosen = {arm: dict(experiment.arms[arm].grid[setting]) for arm, setting in best.items()}
    shown = {
        arm: [
            {
                "setting": dict(experiment.arms[arm].grid[s]),
                experiment.score: done[job.name]["figures"][experiment.score],
            }
            for s in settings
            if (job := make(arm, s, TUNING_SEED)).name in done
        ]
        for arm, settings in tried.items()
    }
    return Outcome(chosen, shown, by_seed, sum(one["seconds"] for one in done.values()))


def _run_all(
    pool: ProcessPoolExecutor, jobs: list[Job], name: str, say: Any
) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, (job, content) in enumerate(zip(jobs, pool.map(run_job, jobs), strict=True), 1):
        say(f"{name}: {number}/{len(jobs)} {job.arm} seed {job.seed} ({content['seconds']:.0f} s)")
        yield job.name, content


def workers_of(asked: int | None) -> int:
    return asked or max(1, os.cpu_count() or 1)
