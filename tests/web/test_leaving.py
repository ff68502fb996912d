"""People who leave the organisation file, and ids that come back."""

from __future__ import annotations

from tests.web.entering import audit, try_password, with_app, with_password
from tests.web.stage import ORGANISATION, Stage

from tocsin.engine.audit import Doer
from tocsin.web.api_keys import make_key

VIC = "  vic: {name: Vic Viewer, access: viewer, contacts: [inbox]}\n"
WITHOUT = ORGANISATION.replace(VIC, "")
ANOTHER = ORGANISATION.replace(VIC, VIC.replace("Vic Viewer", "Victoria Vance"))


def leave(stage: Stage, organisation: str = ANOTHER, **away: float) -> str:
    """Vic has all ways in, leaves, and somebody has the id again; return Vic's old key."""
    with_app(with_password(stage, "vic"), stage)
    vic = stage.world.rules.organisation.people["vic"]
    key, _ = make_key(stage.world, Doer("vic"), vic, "script", ["read"], 90)
    assert opens(stage, key) == 200
    stage.put_in_force(organisation=WITHOUT)
    assert (opens(stage, key), try_password(stage, "vic")[1]) == (401, 403)
    stage.later(**away)
    stage.put_in_force(organisation=organisation)
    return key


def opens(stage: Stage, key: str) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return int(stage.client().get("/api/v1/incidents", headers=headers).status_code)


def test_an_id_that_is_given_out_again_opens_nothing_of_before(stage: Stage) -> None:
    key = leave(stage, days=3)
    assert (opens(stage, key), try_password(stage, "vic")[1]) == (401, 403)
    with stage.store.read() as reading:
        assert reading.credentials("vic") == []
        assert dict(reading.sessions("vic", stage.at)) == {}
    (forgotten,) = audit(stage, "person.forgotten")
    assert (forgotten.about, forgotten.detail.split(",")[1]) == ("vic", " 1 keys")


def test_a_file_that_lacks_somebody_by_mistake_costs_them_nothing(stage: Stage) -> None:
    key = leave(stage, organisation=ORGANISATION + "# put right\n", hours=2)
    assert opens(stage, key) == 200
    assert "code" in try_password(stage, "vic")[2]
    assert (len(audit(stage, "person.left")), audit(stage, "person.forgotten")) == (1, [])
