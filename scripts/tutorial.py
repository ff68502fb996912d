"""Writes what commands print into the tutorial, and the files that it ends with.

`docs/plan/README.md` grows one plan: each block of YAML adds keys to `plan.yaml`, or takes the
place of those that it has; a block whose first line is a comment with a path is that file. Each
block `console` holds commands; what they print is written below each.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/plan/README.md"
EXAMPLE = ROOT / "docs/plan/examples/lamp-shop"
BLOCK = re.compile(r"^```(yaml|console)\n(.*?)^```", re.S | re.M)


def grown(plan: str, block: str) -> str:
    """The plan with the top keys of the block."""
    keys, new = keys_of(plan), keys_of(block)
    for key in keys.keys() & new.keys():
        old, text = keys[key], new.pop(key)
        keys[key] = text.rstrip("\n") + old[len(old.rstrip("\n")) :]
    parts = ["".join(keys.values()).rstrip("\n") + "\n" if keys else "", "".join(new.values())]
    return "\n".join(part for part in parts if part)


def keys_of(text: str) -> dict[str, str]:
    """Every top key with its text and the blank lines behind it."""
    parts = re.split(r"^(?=[a-z_]+:)", text, flags=re.M)
    return {part.partition(":")[0]: part for part in parts if part.strip()}


def ran(command: str, folder: Path) -> str:
    """What a command prints in that folder, on a terminal of 80 columns."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", f"{command} 2>&1"], cwd=folder, capture_output=True, text=True, check=False,
        env={"PATH": path, "COLUMNS": "80", "LANG": "C.UTF-8", "HOME": str(folder)},
    )  # fmt: skip
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def page(written: str, folder: Path) -> str:
    """The page with what its commands print; `folder` is then as its reader's."""
    (folder / "tests").mkdir()

    def block(match: re.Match[str]) -> str:
        kind, text = match.groups()
        if kind == "console":
            commands = [line for line in text.splitlines() if line.startswith("$ ")]
            text = "\n".join(f"{line}\n{ran(line[2:], folder)}" for line in commands)
            return f"```console\n{text}```"
        named = re.match(r"# (\S+\.yaml)\n", text)
        file = folder / (named[1] if named else "plan.yaml")
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        file.write_text(text if named else grown(before, text), encoding="utf-8")
        return match[0]

    return BLOCK.sub(block, written)


def main() -> None:
    """Mend the page and the example."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), folder), encoding="utf-8")
        for file in ("plan.yaml", "org.yaml", *(f"tests/{f.name}" for f in folder.glob("tests/*"))):
            target = EXAMPLE / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text((folder / file).read_text(encoding="utf-8"), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
