"""The loopback server of these tests answers in the shapes that the API itself promises."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from tests.cli import api_server as there

from tocsin.web.api import metrics, models, overrides, planned, room_models, rule_models, support
from tocsin.web.problems import ProblemDocument

SHAPES: list[tuple[type[BaseModel], Any]] = [
    (models.IncidentList, {"incidents": [there.row()], "next": None}),
    (models.IncidentDocument, there.incident()),
    (models.Bundle, there.bundle()),
    (models.OnCallList, there.ON_CALL),
    (overrides.OverrideList, {"overrides": [there.OVERRIDE]}),
    (models.Status, there.STATUS),
    (planned.MaintenanceList, {"maintenances": [there.MAINTENANCE]}),
    (planned.StatusLink, there.STATUS_LINK),
    (metrics.MetricsDocument, there.METRICS),
    (metrics.RepeatsDocument, there.REPEATS),
    (support.AnswersDocument, there.ANSWERS),
    (room_models.DeploymentList, {"deployments": [there.DEPLOYED]}),
    (models.Verification, there.VERIFIED),
    (models.SignInLink, there.SIGN_IN_LINK),
    (rule_models.RulesDocument, there.rules("a", "b")),
    (
        rule_models.AppliedDocument,
        there.rules("a", "b") | {"changed": ["plan"], "problems": []},
    ),
    (rule_models.VersionList, {"versions": [there.version_row("a")], "next": None}),
    (ProblemDocument, there.problem(409, "incident.closed", "it is closed", "add a note")),
]


@pytest.mark.parametrize(("model", "document"), SHAPES, ids=[m.__name__ for m, _ in SHAPES])
def test_the_document_is_one_of_the_api(model: type[BaseModel], document: Any) -> None:
    read = model.model_validate(document).model_dump(mode="json", by_alias=True)
    left_out_if_empty = {"errors", "problems"}
    assert read.keys() - left_out_if_empty == document.keys() - left_out_if_empty
