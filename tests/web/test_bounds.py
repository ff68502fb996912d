"""Numbers and times that no database and no calendar holds are refused in words, never a fault."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.stage import Stage

HUGE = 10**30


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"/api/v1/incidents/INC-2026-001/attachments/{HUGE}", None, 404),
        ("DELETE", f"/api/v1/overrides/{HUGE}", None, 404),
        ("POST", f"/api/v1/maintenances/{HUGE}/cancel", {}, 404),
        ("GET", f"/audit?before={HUGE}", None, 422),
        ("GET", "/audit?until=9999-12-31", None, 422),
        ("GET", "/api/v1/audit?until=9999-12-31", None, 422),
        ("GET", "/plan/what-if?severity=P0&at=9999-12-31T23:59:59Z", None, 422),
        ("GET", "/plan/what-if?severity=P0&at=0001-01-01T00:00:00Z", None, 422),
        ("GET", "/plan/what-if?severity=P0&acknowledge=00000000099999999999", None, 422),
        ("POST", "/api/v1/maintenances", {"starts": "9999-12-31T23:59:59Z", "lasts": "2h"}, 422),
        ("POST", "/api/v1/maintenances", {"starts": "2999-12-31T23:59:59Z", "lasts": "2h"}, 409),
    ],
)
def test_what_is_too_large_is_refused(
    stage: Stage, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    stage.alert()
    said = {"title": "Work", **body} if body else body
    answer = stage.client().request(method, path, headers=stage.operator, json=said)
    assert answer.status_code == status, answer.text


def test_a_picture_of_a_megabyte_can_be_attached_on_the_page(stage: Stage) -> None:
    stage.alert()
    browser = stage.signed_in()
    page = browser.open("/incidents/INC-2026-001")
    (form,) = [one for one in page.forms if one.action.endswith("/attach")]
    answer = browser.client.post(
        form.action,
        data=form.fields,
        files={"file": ("graph.png", b"\x89PNG\r\n\x1a\n" + bytes(1_000_000), "image/png")},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert answer.status_code == 303, answer.text
    assert "graph.png" in browser.open("/incidents/INC-2026-001").text
