"""Write the JSON Schemas of the files that users write, for editors: `python scripts/schemas.py`.

The files are committed; a test fails when one of them is older than the models.
"""

import json
from pathlib import Path

from tocsin.core.organisation import organisation_schema
from tocsin.core.plan.file import plan_schema
from tocsin.core.scenarios.file import scenario_schema

FOLDER = Path(__file__).parent.parent / "schemas"


def main() -> None:
    """Write each schema where it belongs."""
    schemas = {
        "plan": plan_schema(),
        "organisation": organisation_schema(),
        "scenario": scenario_schema(),
    }
    for name, schema in schemas.items():
        path = FOLDER / f"{name}.schema.json"
        path.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
