"""Drawing by chance from one seed: the few ways of drawing the operations are described with.

Named as Hypothesis names them. Hypothesis drew them at first, but much of what it draws is a near copy of what it drew before; where each
sequence opens a book of its own that is time spent on the same few refusals. Here every sequence is new, and two numbers tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Generic, TypeVar

Thing = TypeVar("Thing")
Other = TypeVar("Other")


@dataclass(frozen=True, slots=True)
class Chance(Generic[Thing]):
    """A way of drawing things."""

    draw: Callable[[Random], Thing]

    def map(self, change: Callable[[Thing], Other]) -> Chance[Other]:
        """Draw what is made of the thing drawn."""
        return Chance(lambda random: change(self.draw(random)))


def just(value: Thing) -> Chance[Thing]:
    """Always the same."""
    return Chance(lambda _: value)


def sampled_from(values: Sequence[Thing]) -> Chance[Thing]:
    """One of these; what is named twice comes twice as often."""
    return Chance(lambda random: random.choice(values))


def integers(least: int, most: int) -> Chance[int]:
    """A number between the two, which may come too."""
    return Chance(lambda random: random.randint(least, most))


def booleans() -> Chance[bool]:
    """Yes or no."""
    return sampled_from((False, True))


def none() -> Chance[Any]:
    """Nothing."""
    return just(None)


def one_of(*ways: Chance[Any]) -> Chance[Any]:
    """By one of these ways."""
    return Chance(lambda random: random.choice(ways).draw(random))


def tuples(*parts: Chance[Any]) -> Chance[Any]:
    """One of each."""
    return Chance(lambda random: tuple(part.draw(random) for part in parts))


def lists(part: Chance[Thing], *, max_size: int, min_size: int = 0, unique: bool = False) -> Chance[tuple[Thing, ...]]:
    """So many of them; with ``unique`` none twice."""

    def draw(random: Random) -> tuple[Thing, ...]:
        drawn = [part.draw(random) for _ in range(random.randint(min_size, max_size))]
        return tuple(dict.fromkeys(drawn) if unique else drawn)

    return Chance(draw)


def frozensets(part: Chance[Thing], *, max_size: int) -> Chance[frozenset[Thing]]:
    """Some of them."""
    return lists(part, max_size=max_size).map(frozenset)


def builds(make: Callable[..., Thing], *parts: Chance[Any], **named: Chance[Any]) -> Chance[Thing]:
    """What is made of the parts drawn."""
    return Chance(
        lambda random: make(
            *(one.draw(random) for one in parts), **{name: one.draw(random) for name, one in named.items()}
        )
    )
