"""The simulated store: the port `Store` on plain values.

What the simulator's engine does not ask of a store is not here, and says so loudly.
`tests/simulation/test_same_as_sql.py` holds it against the real one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from tocsin.engine.ports import Reading, Transaction
from tocsin.simulation.disk import Disk
from tocsin.simulation.transactions import SimTransaction


class SimStore(Disk):
    """See engine.ports.Store."""

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """See Store."""
        yield cast("Reading", SimTransaction(self))

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """See Store. Raises MustWait where the real one would wait for another transaction."""
        transaction = SimTransaction(self)
        ids, commits = dict(self.last_ids), self.commits
        try:
            yield cast("Transaction", transaction)
            committed = transaction.commit()
        except BaseException:
            if self.commits == commits and all(h is transaction for h in self.locks.values()):
                self.last_ids = ids
            raise
        finally:
            transaction.release()
        if committed is not None:
            self.watch(committed)

    def another(self) -> "SimStore":
        """Return an empty store of the same kind, for a journal."""
        return SimStore()

    def is_ready(self) -> str:
        """See Store."""
        return ""
