"""A little of each way of breaking off, in one process: what the ordinary suite has time for.

Prints one line of JSON for each. In a process of its own, since it forks and traces.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.torture.diskfaults import every, let_fail
from tests.torture.powercut import Recorder, cut
from tests.torture.scenes import BY_NAME
from tests.torture.walking import Rig, rig, walk


def little(ready: Rig) -> Iterator[Mapping[str, Any]]:
    """Do some of everything."""
    for name, stride in (
        ("first alert", 34),
        ("acknowledge racing a page", 61),
        ("migration and refold at start", 71),
    ):
        yield {"what": "kill", **vars(walk(ready, BY_NAME[name], stride, 5, only_effects=True))}
    scene = BY_NAME["log moved into the file"]
    yield {"what": "cut", **vars(cut(ready, scene, _recorder(ready), random.Random(7), 5))}
    careless = cut(ready, scene, _recorder(ready), random.Random(7), 5, planted="OFF")
    yield {"what": "cut, planted", **vars(careless)}
    scene = BY_NAME["first alert"]
    recorder = Recorder(ready.fresh(scene), fails=2, ends_after_failure=True)
    found = cut(ready, scene, recorder, random.Random(7), 5, patience=4)
    yield {"what": "cut after a failed sync", **vars(found)}
    scene = BY_NAME["acknowledge"]
    yield {"what": "disk", **vars(let_fail(ready, scene, "EIO", _opened))}
    yield {"what": "disk", **vars(let_fail(ready, scene, "ENOSPC", every(25)))}


def _opened(names: Sequence[str]) -> list[int]:
    """Choose the first files that are opened: the database, its log, its index."""
    return [number for number, name in enumerate(names, 1) if name == "openat"][1:4]


def _recorder(ready: Rig) -> Recorder:
    return Recorder(ready.fresh(BY_NAME["log moved into the file"]))


if __name__ == "__main__":
    with rig() as made:
        for one in little(made):
            sys.stdout.write(json.dumps(one) + "\n")
            sys.stdout.flush()
