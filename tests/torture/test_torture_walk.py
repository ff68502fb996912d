"""Each scene broken off at each call; the figures go to trust/figures.

TORTURE_STRIDE=5 walks every fifth call only; TORTURE_CUTS=200 cuts the power that often in each.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.torture.scenes import BY_NAME
from tests.torture.tracing import CAN_TRACE

pytestmark = [
    pytest.mark.torture,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not CAN_TRACE, reason="ptrace of Linux on x86-64 is needed"),
]

ROOT = Path(__file__).parents[2]
STRIDE = os.environ.get("TORTURE_STRIDE", "1")  # noqa: TID251
CUTS = os.environ.get("TORTURE_CUTS", "60")  # noqa: TID251
EACH = pytest.mark.parametrize("scene", BY_NAME)


def run(module: str, *arguments: str) -> None:
    """Run one of the rigs in a process of its own; what it finds is what it prints."""
    command = [sys.executable, "-m", f"tests.torture.{module}", "--keep", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout[-10_000:]


@EACH
def test_killed_at_every_call_with_an_effect(scene: str) -> None:
    run("walking", "--scene", scene, "--stride", STRIDE)


@EACH
def test_killed_at_calls_of_all_kinds(scene: str) -> None:
    run("walking", "--scene", scene, "--stride", str(7 * int(STRIDE)), "--every-call")


@pytest.mark.parametrize("faulty", ["early", "forgetful"])
def test_a_node_that_promises_too_much_is_found(faulty: str) -> None:
    run("walking", "--scene", "first alert", "--stride", "2", "--planted", faulty)


@EACH
def test_the_power_is_cut(scene: str) -> None:
    run("powercut", "--scene", scene, "--cuts", CUTS)


@EACH
def test_a_sync_fails_and_then_the_power_is_cut(scene: str) -> None:
    run("powercut", "--scene", scene, "--cuts", "8", "--syncs-fail")


@pytest.mark.parametrize("careless", ["OFF", "NORMAL"])
def test_commits_that_do_not_wait_for_the_disk_are_found(careless: str) -> None:
    run("powercut", "--scene", "first alert", "--cuts", "40", "--planted", careless)


@EACH
@pytest.mark.parametrize("fault", ["EIO", "ENOSPC", "EDQUOT", "EINTR", "short"])
def test_the_disk_refuses_a_call(scene: str, fault: str) -> None:
    run("diskfaults", "--scene", scene, "--fault", fault, "--stride", STRIDE)


@EACH
def test_the_disk_refuses_for_a_while(scene: str) -> None:
    stride = str(5 * int(STRIDE))
    both = ("--fault", "EIO", "--fault", "ENOSPC")
    run("diskfaults", "--scene", scene, *both, "--for-a-while", "--stride", stride)
