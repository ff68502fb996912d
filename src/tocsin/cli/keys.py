"""`tocsin keys`."""

from typing import Any

from tocsin.assemble import keys as read_keys
from tocsin.cli.command import Command, make_app
from tocsin.cli.output import clean, print_json, say, table, tell
from tocsin.cli.server import DataOption, JsonOption
from tocsin.cli.store import using_store

app = make_app()

EXAMPLES = """
tocsin keys
tocsin keys --json | jq -r .integrations.prometheus
"""


@app.command(cls=Command, epilog=EXAMPLES)
def keys(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Print the keys for machines that send alerts.

    One for each integration of the organisation file, good for its own alerts only, and the
    operator's, which is good for everything. To replace one, raise its `key_version`.
    """
    with using_store(data):
        found: dict[str, Any] = read_keys(data)
    if as_json:
        print_json(found)
        return
    rows = [[clean(name), key] for name, key in sorted(found["integrations"].items())]
    if rows:
        table(["integration", "key"], rows, {})
    else:
        say("There are no integrations yet.")
        tell(
            "Add one to the organisation file: `integrations: {prometheus: {source: alertmanager}}`"
        )
    say()
    say("operator  ", found["operator"])
