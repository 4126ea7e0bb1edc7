"""All worlds that can follow from one, breadth first: the first story that breaks a promise is the
shortest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.model.worlds import Setting, World
from tests.model.write_protocol import steps

Promises = Mapping[str, Callable[[World], bool]]
Origins = dict[World, tuple[World, str] | None]


@dataclass
class Exploration:
    """How many worlds there are, and the shortest story that breaks each broken promise."""

    worlds: int = 0
    broken: dict[str, str] = field(default_factory=dict)


def explore(first: World, setting: Setting, promises: Promises) -> Exploration:
    """Every world that can follow, or those before all of the promises are broken. In none of them
    does a run stand still that is not over.
    """
    explored, origins, queue = Exploration(), Origins({first: None}), [first]
    for world in queue:
        for name, holds in promises.items():
            if name not in explored.broken and not holds(world):
                explored.broken[name] = story(world, origins)
        if explored.broken.keys() == promises.keys():
            break
        following = [*steps(world, setting)]
        assert following or all(run.is_over for run in world.runs), story(world, origins)
        for step in following:
            if step.world not in origins:
                origins[step.world] = world, step.text
                queue.append(step.world)
    explored.worlds = len(origins)
    return explored


def story(world: World, origins: Origins) -> str:
    """What happened until then, one step per line."""
    texts: list[str] = []
    while (origin := origins[world]) is not None:
        world, text = origin
        texts.append(text)
    return "\n".join(reversed(texts))
