"""The configurations in docs/intake.md are good ones: the programs that read them say so."""

import re
import subprocess
from pathlib import Path

import pytest
from tests.real.loopback import Listener
from tests.real.parts import program

pytestmark = pytest.mark.alertmanager

DOCUMENT = Path(__file__).parents[2] / "docs" / "intake.md"


def snippet(name: str, folder: Path) -> Path:
    """Write the snippet that begins with `# name` to a file, with a key file that exists."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(rf"```yaml\n# {re.escape(name)}\n(.*?)```", text, re.DOTALL)
    assert found, f"docs/intake.md has no snippet {name}"
    key = folder / "tocsin.key"
    key.write_text("secret-1", encoding="utf-8")
    body, replaced = re.subn(r"credentials_file: .*", f"credentials_file: {key}", found[1])
    assert replaced == 1
    path = folder / name
    path.write_text(body, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("checker", "arguments", "name"),
    [
        ("promtool", ("check", "config"), "prometheus.yml"),
        ("amtool", ("check-config",), "alertmanager.yml"),
    ],
)
def test_checkers_find_nothing(tmp_path: Path, checker: str, arguments: list[str], name: str):
    path = snippet(name, tmp_path)
    done = subprocess.run(
        [program(checker), *arguments, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_amtool_takes_its_settings_from_the_snippet(tmp_path: Path, listener: Listener) -> None:
    settings = snippet("amtool-http.yml", tmp_path)
    command = [program("amtool"), f"--alertmanager.url={listener.url}"]
    command += [f"--http.config.file={settings}", "alert", "add", "CheckoutDown", "a=b"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert listener.requests[-1].headers["authorization"] == "Bearer secret-1"
