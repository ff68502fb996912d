"""Keeps the page's files up to date: in memory for whoever asks here, and in a directory."""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import structlog

from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.engine.statuspage.page import board_of, is_public
from tocsin.engine.statuspage.subscribing import forget_unconfirmed
from tocsin.engine.statuspage.telling import tell_subscribers
from tocsin.engine.world import World
from tocsin.web.statuspage import folder as on_disk
from tocsin.web.statuspage.making import files_of

LOOKS_EVERY = 1.0
"""Seconds between two looks at whether anything has changed, here or through another node."""

KEEPS_HOUSE_EVERY = timedelta(hours=1)

log = structlog.get_logger()


class Publisher:
    """Makes the files, and knows those that were made last.

    Without a `folder` they are kept in memory only. Any number of threads may ask.
    """

    def __init__(self, world: World, folder: Path | None = None) -> None:
        self._world = world
        self._folder = folder
        self._files: dict[str, bytes] = {}
        self._tags: dict[str, str] = {}
        self._seen: tuple[object, ...] = ()
        self._kept_house_at: datetime | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="status-page", daemon=True)

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files that were made last, by their paths."""
        return self._files

    def start(self) -> None:
        """Begin to follow what happens."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def file(self, path: str) -> tuple[bytes, str] | None:
        """Return a file and its tag, None if there is none of that name.

        When the store is down, what was written last is what there is. Raises StoreUnavailable
        if nothing ever was.
        """
        try:
            if not self._files or not self._thread.is_alive():
                self.refresh()
        except (StoreUnavailable, Conflict, NoRules):
            if not self._files and self._folder is not None:
                self._take(on_disk.read(self._folder))
            if not self._files:
                raise
        content = self._files.get(path)
        return None if content is None else (content, self._tags[path])

    def refresh(self) -> bool:
        """Make the files anew if anything has changed, or another minute has begun."""
        with self._lock:
            now = self._world.now()
            stamp = self._stamp(now)
            if stamp == self._seen:
                return False
            board = board_of(self._world)
            files = files_of(board, private=not is_public(self._world)) if board else {}
            changed = files != self._files
            if changed:
                self._take(files)
            self._seen = stamp
            if files:
                self._write(files)
        return changed

    def keep_house(self) -> None:
        """Forget, once an hour, who never confirmed a subscription."""
        now = self._world.now()
        if self._kept_house_at is None or now - self._kept_house_at >= KEEPS_HOUSE_EVERY:
            forget_unconfirmed(self._world)
            self._kept_house_at = now

    def _write(self, files: Mapping[str, bytes]) -> None:
        """Write the files; what could not be written is tried again within a minute."""
        if self._folder is None:
            return
        try:
            on_disk.write(self._folder, files)
        except OSError as problem:
            log.error("status-page.not-written", problem=problem.strerror or "?")

    def _stamp(self, now: datetime) -> tuple[object, ...]:
        with self._world.store.read() as reading:
            numbers = reading.status_stamp()
        return (*numbers, self._world.rules.versions, now.replace(second=0, microsecond=0))

    def _take(self, files: dict[str, bytes]) -> None:
        self._tags = {path: f'"{sha256(c).hexdigest()[:20]}"' for path, c in files.items()}
        self._files = files

    def _run(self) -> None:
        while not self._stopping.wait(LOOKS_EVERY):
            try:
                self.refresh()
                tell_subscribers(self._world)
                self.keep_house()
            except (StoreUnavailable, Conflict, NoRules) as problem:
                log.warning("status-page.waits", reason=str(problem))
            except Exception:
                log.exception("status-page.failed")
