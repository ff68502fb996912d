"""What the schedule lets happen: alerts that come, and everything that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from tocsin.core.alerts import Signal, Unreadable, fingerprint
from tocsin.simulation.dice import lot
from tocsin.simulation.node import MILLISECOND, Dead, Node, Post
from tocsin.simulation.schedule import BESIDE_JOURNALS, FAULTS, SECOND, Happening, instant
from tocsin.simulation.surroundings import Surroundings

ANSWERS_WITHIN = 10 * SECOND
"""So long a sender of alerts waits for an answer before it tries again."""

SENDER_TRIES = 60

STOPS_WITHIN = 2 * SECOND
"""So long a node that is stopped in good order takes, at most."""


class Around(Protocol):
    """Whom trouble concerns."""

    nodes: list[Node]
    running: Node | None

    def unhealthy(self) -> None:
        """Note that something has just gone wrong, or right again."""

    def does(self, happening: Happening) -> None:
        """Let people do something."""

    def clock_jumped(self, by: int) -> None:
        """Note that a clock is somewhere else."""

    def power_cut(self, node: Node, where: str, lasts: int) -> None:
        """Let the power fail for all nodes and for the store."""

    def ready_elsewhere(self) -> Callable[[], None] | None:
        """Take from what is about to happen the next thing that could happen meanwhile."""


class Trouble:
    """Carries out happenings."""

    def __init__(self, night: Surroundings, around: Around) -> None:
        self._night = night
        self._around = around
        self._posts = 0
        self._began: dict[int, datetime] = {}
        self._between: dict[str, int] = {}
        night.store.pause_within = self._within

    def happens(self, happening: Happening) -> None:
        """Let it happen."""
        night = self._night
        if happening.do in FAULTS or happening.do in BESIDE_JOURNALS:
            night.figures["faults"] += 1
            self._goes_wrong(happening)
            return
        match happening.do:
            case "fires" | "over" | "poison":
                self._alert(happening)
            case "storm":
                self._storm(happening)
            case "garbage":
                bad = Unreadable(
                    integration=self._night.stage.integration, why="no JSON", payload=b"{"
                )
                self._post([bad], "something unreadable")
            case _:
                self._around.does(happening)

    def end(self) -> None:
        """Mend one node, the store, and one provider for good; the rest stays broken."""
        night = self._night
        night.closed_until = night.full_until = night.answers_lost_until = night.hangs_until = 0
        channels = [name for name, _ in night.stage.channels] or ["inbox"]
        good = channels[int(lot(night.schedule.seed, "good provider") * len(channels))]
        others = [channel for channel in channels if channel != good]
        night.moods = dict.fromkeys(others, ("temporary", night.t * 2))
        self._between.clear()
        for node in self._around.nodes:
            node.fuse = None
            node.io_errors.clear()
            node.cut_until = node.paused_until = node.offset = 0
            node.cut_from.clear()
            if node.journal_way is not None:
                node.journal_way.full_until = 0
        core, *rest = self._around.nodes
        for node in rest:
            if node.is_alone:
                # What it has on its own disk is nowhere else.
                self._mend(node)
                continue
            node.is_up = False
            node.life += 1
        self._mend(core)
        self._around.unhealthy()

    def _mend(self, node: Node) -> None:
        if node.is_up and not node.is_stopping:
            node.recovers()
        else:
            node.start()

    # Alerts.

    def _alert(self, happening: Happening) -> None:
        labels = self._night.stage.labels[happening.number]
        firing = happening.do != "over"
        began = self._began.setdefault(happening.number, instant(self._night.t))
        if not firing:
            del self._began[happening.number]
        said = {"summary": 5} if happening.do == "poison" else {"summary": "It is broken"}
        name = labels.get("alertname", "an alert")
        what = f"{name} {'fires' if firing else 'is over'}"
        if happening.do == "poison":
            labels = {**labels, "alertname": "Poison", "instance": str(happening.at)}
            what = "an alert that can't be processed"
        self._post([self._signal(labels, began, firing=firing, said=said)], what)

    def _storm(self, happening: Happening) -> None:
        now = instant(self._night.t)
        signals = [
            self._signal(
                {"alertname": f"Storm{happening.what}{number // 3}", "instance": str(number)}, now
            )
            for number in range(happening.number)
        ]
        for start in range(0, len(signals), 10):
            self._post(signals[start : start + 10], "a storm of alerts")

    def _signal(
        self,
        labels: Mapping[str, str],
        began: datetime,
        *,
        firing: bool = True,
        said: Mapping[str, object] | None = None,
    ) -> Signal:
        return Signal(
            integration=self._night.stage.integration,
            fingerprint=fingerprint(self._night.stage.integration, labels),
            firing=firing,
            labels=labels,
            annotations=said or {},  # type: ignore[arg-type]  # poison is of the wrong type
            starts_at=began,
            ends_at=None if firing else instant(self._night.t),
        )

    def _post(self, signals: Sequence[Signal | Unreadable], what: str) -> None:
        self._posts += 1
        at = self._night.t
        self._night.posted += [(at, one) for one in signals if isinstance(one, Signal)]
        self._night.note("posts", self._night.stage.integration, what)
        self._send(Post(signals, self._posts, what))

    def _send(self, post: Post) -> None:
        night = self._night
        if post.is_done or post.tries == SENDER_TRIES or night.are_faults_over:
            return
        post.tries += 1
        nodes = self._around.nodes
        node = nodes[int(lot(night.schedule.seed, "to", post.number, post.tries) * len(nodes))]
        night.at(night.t + MILLISECOND, node.run, node.life, node.receive, post)
        pause = ANSWERS_WITHIN * min(post.tries, 6)
        night.at(night.t + pause, self._send, post)

    # Faults.

    def _goes_wrong(self, happening: Happening) -> None:
        night, do, lasts = self._night, happening.do, happening.lasts
        until = night.t + lasts
        node = self._node(happening.who)
        if node is not None:
            self._node_goes_wrong(happening, node, until)
        elif do in ("full-disk", "store-down", "store-hangs"):
            self._store_goes_wrong(do, until, lasts)
        elif do == "lost-answers":
            night.answers_lost_until = until
            night.note(do, "", f"answers to senders of alerts get lost for {lasts // SECOND} s")
        elif do == "provider":
            night.moods[happening.who] = (happening.what, until)
            what = f"the provider {happening.what} for {lasts // SECOND} s"
            night.note(do, happening.who, what)
            self._around.unhealthy()
            night.at(until, self._around.unhealthy)

    def _store_goes_wrong(self, do: str, until: int, lasts: int) -> None:
        night = self._night
        self._rounds_before(self._around.nodes)
        if do == "full-disk":
            night.full_until = max(night.full_until, until)
            self._for(lasts, "the disk is full")
        elif do == "store-down":
            night.closed_until = max(night.closed_until, until)
            self._for(lasts, "the store can't be reached")
        else:
            night.hangs_until = max(night.hangs_until, until)
            self._for(lasts, "the store does not answer")

    def _rounds_before(self, nodes: Sequence[Node]) -> None:
        """Let nodes with journals do what they would have done until now, had it been simulated."""
        for node in nodes:
            if node.minder is not None:
                node.run(node.life, node.minder.catch_up)
                node.minder.looks_soon()

    def _node_goes_wrong(self, happening: Happening, node: Node, until: int) -> None:
        night, do, lasts = self._night, happening.do, happening.lasts
        match do:
            case "kill" | "power" | "pause":
                self._light(node, happening)
            case "io-error":
                night.note(do, node.name, "its next write will fail")
                node.io_errors += [happening.what] * happening.number
            case "cut":
                self._rounds_before([node])
                node.cut_until = max(node.cut_until, until)
                night.note(do, node.name, f"is cut off from the store for {lasts // SECOND} s")
                self._around.unhealthy()
                night.at(until, node.recovers)
            case "journal-full":
                self._fill_journal(node, until, lasts)
            case "cut-provider":
                node.cut_from[happening.what] = until
                whom = happening.what or "all providers"
                night.note(do, node.name, f"is cut off from {whom} for {lasts // SECOND} s")
                self._around.unhealthy()
                night.at(until, node.recovers)
            case "clock":
                self._jump(node, happening.number)
                night.at(until, self._jump, node, -happening.number)
            case "upgrade":
                self._upgrade(node, lasts)
            case "between":
                self._between[node.name] = happening.number

    def _fill_journal(self, node: Node, until: int, lasts: int) -> None:
        if node.journal_way is None:
            return
        node.journal_way.full_until = max(node.journal_way.full_until, until)
        what = f"the disk of its journal is full for {lasts // SECOND} s"
        self._night.note("journal-full", node.name, what)
        self._around.unhealthy()
        self._night.at(until, node.recovers)

    def _light(self, node: Node, happening: Happening) -> None:
        night, lasts = self._night, happening.lasts
        if not node.is_up:
            return
        if happening.number:
            node.fuse = (happening.number, happening.do, lasts)
        elif happening.do == "pause":
            night.note("pause", node.name, f"stops for {lasts // SECOND} s")
            node.pause(lasts)
        elif happening.do == "power":
            self._around.power_cut(node, "while nothing is written", lasts)
        else:
            night.figures["kills"] += 1
            night.note("kill", node.name, "is killed")
            node.die(lasts)

    def _jump(self, node: Node, by: int) -> None:
        night = self._night
        if night.are_faults_over:
            return
        node.offset += by
        night.figures["clock_jumps"] += 1
        night.note("clock", node.name, f"its clock jumps by {by / SECOND:+.0f} s")
        self._around.clock_jumped(by)
        self._around.unhealthy()
        if node.is_up:
            node.wake()

    def _upgrade(self, node: Node, lasts: int) -> None:
        night = self._night
        if not node.is_up:
            return
        night.note("upgrade", node.name, "is stopped for a new version")
        night.figures["upgrades"] += 1
        node.is_stopping = True
        node.cycle.claim_nothing_more()
        night.at(night.t + STOPS_WITHIN, self._new_version, node, node.life, lasts)

    def _new_version(self, node: Node, life: int, lasts: int) -> None:
        if node.life == life and node.is_up:
            node.die(lasts)
            self._night.store.refold()
            if node.journal is not None:
                node.journal.refold()

    def _for(self, lasts: int, what: str) -> None:
        night = self._night
        night.note("store", "", f"{what} for {lasts // SECOND} s")
        self._around.unhealthy()
        for node in self._around.nodes:
            night.at(night.t + lasts, node.recovers)

    def _node(self, name: str) -> Node | None:
        return next((node for node in self._around.nodes if node.name == name), None)

    # Two transactions at once.

    def _within(self) -> None:
        """Stand within a transaction; now and then another node does something meanwhile."""
        node = self._around.running
        if node is None or node.name not in self._between:
            return
        self._between[node.name] -= 1
        if self._between[node.name] <= 0:
            del self._between[node.name]
            self._between_two()
            if not node.is_up:
                raise Dead

    def _between_two(self) -> None:
        """Let the next thing that another node would do happen here."""
        other = self._around.ready_elsewhere()
        if other is not None:
            self._night.figures["transactions_at_once"] += 1
            self._night.note("between", "", "another node acts in the middle of a transaction")
            other()
