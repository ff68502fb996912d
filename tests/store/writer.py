"""A process that changes a store without end, for tests that kill it.

It prints the number of each change once the change is kept: one incident with two entries, an
alert and a delivery.
"""

from __future__ import annotations

import sys

from tests.store.values import alert, delivery, opening

from tocsin.store.sql_store import open_store

store = open_store(sys.argv[1])
while True:
    with store.write() as tx:
        (number,) = tx.numbers("INC-", 1)
        tx.keep_alerts([alert(number, incident_id=number)], [])
        tx.keep([opening(number)])
        tx.keep_deliveries([delivery(f"m{number}", incident_id=number)])
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()
