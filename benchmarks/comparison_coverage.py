"""How often a comparison's intervals hold what they claim, in worlds whose truth is known.

    python -m benchmarks.comparison_coverage [SIMULATIONS]

For each world: how often the 95 % intervals of the difference and of the ratio hold the truth (goal: at least 94 %),
how often "better" or "worse" is said where it is not so (at most 5 %), and how often "by more than R" where it is R.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.side_by_side import Goal
from sluicegate.model import NotMeasured
from sluicegate.stats import contrast as contrasts

__all__ = ["WORLDS", "Held", "World", "held", "measure"]

Pairs = list[tuple[float, float]]
ALPHA = 0.025


@dataclass(frozen=True)
class World:
    """A way to draw cases, with the true means of both sides."""

    name: str
    draw: Callable[[random.Random], Pairs]
    base: float
    candidate: float


@dataclass(frozen=True)
class Held:
    """Shares of the simulations."""

    difference: float
    """The interval of the difference held the truth."""
    ratio: float
    false_better: float
    """The lower bound of the difference lay above the truth."""
    false_worse: float
    false_relative: float
    """The lower bound of the ratio lay above the true ratio: "more than R better" was said, and is wrong."""


def held(world: World, simulations: int, *, seed: int = 0, alpha: float = ALPHA) -> Held:
    """Draw, compare, count. The same world and seed give the same shares."""
    rng = random.Random(f"{world.name} {seed}")
    truth, relative = world.candidate - world.base, world.candidate / world.base
    counts = [0] * 5
    for number in range(simulations):
        found = contrasts.contrast(world.draw(rng), alpha, seed=number)
        assert not isinstance(found, NotMeasured)
        low, high = found.difference.low or 0.0, found.difference.high or 0.0
        counts[0] += low <= truth <= high
        counts[2] += low > truth
        counts[3] += high < truth
        if isinstance(found.ratio, NotMeasured):
            counts[1] += 1
            continue
        above, below = found.ratio.low or 0.0, found.ratio.high
        counts[1] += above <= relative and (below is None or relative <= below)
        counts[4] += above > relative
    return Held(*(count / simulations for count in counts))


def once(cases: int, base: float, candidate: float, alike: float) -> World:
    """Pass or fail, once each; in a share `alike` of the cases one and the same luck decides on both sides."""

    def draw(rng: random.Random) -> Pairs:
        pairs = []
        for _ in range(cases):
            luck = rng.random()
            other = luck if rng.random() < alike else rng.random()
            pairs.append((float(luck < base), float(other < candidate)))
        return pairs

    return World(f"{cases} cases once, {base:g} and {candidate:g}, alike {alike:g}", draw, base, candidate)


def repeated(cases: int, repeats: int, base: float, candidate: float, firmness: float) -> World:
    """Case rates, Beta distributed around each mean from one luck; a firmness near 0 makes cases all or nothing."""

    def rate(rng: random.Random, mean: float) -> float:
        return rng.betavariate(mean * firmness, (1.0 - mean) * firmness) if 0.0 < mean < 1.0 else mean

    def passed(rng: random.Random, chance: float) -> float:
        return sum(rng.random() < chance for _ in range(repeats)) / repeats

    def draw(rng: random.Random) -> Pairs:
        return [(passed(rng, rate(rng, base)), passed(rng, rate(rng, candidate))) for _ in range(cases)]

    name = f"{repeats} repeats of {cases} cases, {base:g} and {candidate:g}, firmness {firmness:g}"
    return World(name, draw, base, candidate)


def broken_for_ever(cases: int, repeats: int, share: float) -> World:
    """A base that is right, and a candidate that fails some cases at every repeat and is right in all others."""

    def draw(rng: random.Random) -> Pairs:
        return [(1.0, float(rng.random() >= share)) for _ in range(cases)]

    return World(f"{repeats} repeats of {cases} cases, {share:g} of them broken", draw, 1.0, 1.0 - share)


def scored(cases: int, base: float, candidate: float, firmness: float) -> World:
    """Scores within 0..1, of which a difficult case takes from both sides."""

    def draw(rng: random.Random) -> Pairs:
        pairs = []
        for _ in range(cases):
            ease = rng.betavariate(8.0, 2.0) / 0.8
            one, two = (
                min(1.0, ease * rng.betavariate(mean * firmness, (1.0 - mean) * firmness)) for mean in (base, candidate)
            )
            pairs.append((one, two))
        return pairs

    # The cut at 1 moves the mean a little; 40,000 cases say by how much.
    drawn = [pair for _ in range(40_000 // cases) for pair in draw(random.Random(_))]
    means = [sum(pair[side] for pair in drawn) / len(drawn) for side in (0, 1)]
    return World(f"{cases} scores, {base:g} and {candidate:g}, firmness {firmness:g}", draw, means[0], means[1])


WORLDS: tuple[World, ...] = (
    once(30, 0.9, 0.9, 0.0),
    once(30, 0.97, 0.97, 0.8),
    once(30, 0.99, 0.95, 0.5),
    once(30, 0.6, 0.6, 0.5),
    once(30, 0.6, 0.69, 0.5),
    once(100, 0.95, 0.95, 0.7),
    once(100, 0.7, 0.805, 0.6),
    repeated(30, 20, 0.97, 0.97, 1.0),
    repeated(30, 20, 0.98, 0.98, 0.2),
    repeated(30, 20, 0.9, 0.95, 2.0),
    repeated(30, 20, 0.6, 0.69, 10.0),
    repeated(60, 5, 0.5, 0.575, 0.5),
    broken_for_ever(30, 20, 0.02),
    broken_for_ever(30, 20, 0.08),
    scored(30, 0.7, 0.7, 4.0),
    scored(60, 0.5, 0.6, 1.0),
)


def measure() -> list[Goal]:
    """The least and the most of a short run, beside their goals."""
    found = [held(world, 200) for world in WORLDS]
    covers = min(min(each.difference, each.ratio) for each in found)
    wrong = max(max(each.false_better, each.false_worse, each.false_relative) for each in found)
    return [
        Goal(
            "Comparison", "95 % intervals: least coverage of a world, short run", covers * 100, 91, "%", at_least=True
        ),
        Goal("Comparison", "wrong claims: most of a world, short run", wrong * 100, 8, "%"),
    ]


def main() -> None:
    """Print a table."""
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    print(f"{simulations:,} simulations of each world; 95 % intervals\n")
    print(f"{'world':<58} {'difference':>10} {'ratio':>7} {'better':>7} {'worse':>7} {'by > R':>7}")
    for world in WORLDS:
        found = held(world, simulations)
        shares = (found.difference, found.ratio, found.false_better, found.false_worse, found.false_relative)
        said = " ".join(f"{share:>7.1%}" for share in shares[1:])
        print(f"{world.name:<58} {shares[0]:>10.1%} {said}", flush=True)


if __name__ == "__main__":
    main()
