"""All worlds that can follow from one, breadth first: the first story that breaks a promise is the
shortest.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar


class AnyWorld(Hashable, Protocol):
    """The world of any model."""

    @property
    def is_over(self) -> bool:
        """True once nothing more must happen."""


W = TypeVar("W", bound=AnyWorld)
W_co = TypeVar("W_co", bound=AnyWorld, covariant=True)


class AnyStep(Protocol[W_co]):
    """What happens, in words, and the world then."""

    @property
    def text(self) -> str: ...
    @property
    def world(self) -> W_co: ...


@dataclass
class Exploration:
    """How many worlds there are, and the shortest story that breaks each broken promise."""

    worlds: int = 0
    broken: dict[str, str] = field(default_factory=dict)


def explore(
    first: W,
    steps: Callable[[W], Iterable[AnyStep[W]]],
    promises: Mapping[str, Callable[[W], bool]],
) -> Exploration:
    """Every world that can follow, or those before all of the promises are broken. In none of them
    does a run stand still that is not over.
    """
    explored, queue = Exploration(), [first]
    origins: dict[W, tuple[W, str] | None] = {first: None}
    for world in queue:
        for name, holds in promises.items():
            if name not in explored.broken and not holds(world):
                explored.broken[name] = story(world, origins)
        if explored.broken.keys() == promises.keys():
            break
        following = [*steps(world)]
        assert following or world.is_over, story(world, origins)
        for step in following:
            if step.world not in origins:
                origins[step.world] = world, step.text
                queue.append(step.world)
    explored.worlds = len(origins)
    return explored


def story(world: W, origins: Mapping[W, tuple[W, str] | None]) -> str:
    """What happened until then, one step per line."""
    texts: list[str] = []
    while (origin := origins[world]) is not None:
        world, text = origin
        texts.append(text)
    return "\n".join(reversed(texts))
