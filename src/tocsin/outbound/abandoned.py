"""Work that may be given up: in a thread that nobody waits for, not even the end of the process.

A name server that is dead holds whoever asks it for half a minute, and nothing can call him back.
The threads of an executor are waited for when Python ends, so they are of no use here.
"""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def begin(work: Callable[[], T], name: str) -> Future[T]:
    """Start `work` in a thread called `name`; what it returns or raises is in the future."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the future is asked
            future.set_exception(error)
        else:
            future.set_result(result)

    Thread(target=run, name=name, daemon=True).start()
    return future
