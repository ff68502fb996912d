"""Reports of deployments: each form as its sender writes it, and every byte string besides."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.core.deployments import Deployment, NotUnderstood
from tocsin.sources.deployments.parse import Deployments

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)

GITHUB: dict[str, Any] = {
    "action": "created",
    "deployment_status": {
        "id": 12,
        "state": "success",
        "creator": {"login": "ana-p"},
        "description": "Rolled out",
        "environment": "production",
        "target_url": "",
        "log_url": "https://github.com/shop/checkout/actions/runs/7",
        "created_at": "2026-11-21T09:40:11Z",
        "updated_at": "2026-11-21T09:41:12Z",
    },
    "deployment": {
        "id": 987654321,
        "sha": "a84d88e7554fc1fa21bcbc4efae3c782a70d2b9d",
        "ref": "main",
        "task": "deploy",
        "environment": "production",
        "description": None,
        "creator": {"login": "ana-p"},
        "created_at": "2026-11-21T09:39:00Z",
        "updated_at": "2026-11-21T09:41:12Z",
    },
    "repository": {
        "name": "checkout",
        "full_name": "shop/checkout",
        "html_url": "https://github.com/shop/checkout",
    },
    "sender": {"login": "ana-p", "type": "User"},
}
GITLAB = {
    "object_kind": "deployment",
    "status": "success",
    "status_changed_at": "2026-11-21 10:40:00 +0100",
    "deployment_id": 15,
    "deployable_url": "https://gitlab.example.org/shop/checkout/-/jobs/796",
    "environment": "staging",
    "project": {
        "name": "checkout",
        "path_with_namespace": "shop/checkout",
        "web_url": "https://gitlab.example.org/shop/checkout",
    },
    "short_sha": "279484c0",
    "user": {"name": "Ana Prieto", "username": "ana"},
    "commit_title": "Add a queue",
    "ref": "v4.2",
}
ARGO = {
    "app": {
        "metadata": {"name": "checkout", "namespace": "argocd"},
        "spec": {"destination": {"namespace": "production"}},
        "status": {
            "sync": {"status": "Synced", "revision": "a84d88e7554fc1fa21bc"},
            "operationState": {
                "phase": "Succeeded",
                "message": "successfully synced",
                "startedAt": "2026-11-21T09:39:00Z",
                "finishedAt": "2026-11-21T09:40:00Z",
                "syncResult": {"revision": "a84d88e7554fc1fa21bc"},
                "operation": {"initiatedBy": {"username": "ana"}},
            },
        },
    }
}


def parse(said: Any) -> Any:
    payload = said if isinstance(said, bytes) else msgspec.json.encode(said)
    return Deployments().parse("pipeline", payload, NOW)


def one(said: Any) -> Deployment:
    (found,) = parse(said)
    assert isinstance(found, Deployment)
    assert (found.integration, found.received_at) == ("pipeline", NOW)
    return found


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 11, 21, hour, minute, second, tzinfo=UTC)


def test_the_plain_form() -> None:
    found = one(
        {
            "service": "checkout", "environment": "production", "version": "4.2",
            "title": "A queue\nfor mails", "at": "2026-11-21T10:30:00+01:00", "by": "ana",
            "link": "https://ci.example.org/7", "state": "failure",
        }
    )  # fmt: skip
    assert (found.service, found.environment, found.version) == ("checkout", "production", "4.2")
    assert (found.title, found.by, found.state) == ("A queue for mails", "ana", "failure")
    assert (found.at, found.link) == (at(9, 30), "https://ci.example.org/7")


def test_only_the_service_is_needed_and_the_same_report_is_the_same_deployment() -> None:
    short = one({"service": "checkout", "version": "4.2"})
    assert (short.at, short.state) == (NOW, "success")
    later = Deployments().parse("pipeline", b'{"service":"checkout","version":"4.2"}', at(11, 0))
    assert not isinstance(later, NotUnderstood)
    assert later[0].key == short.key
    assert one({"service": "checkout", "version": "4.3"}).key != short.key
    assert one({"service": "checkout", "key": "run-7"}).key == "run-7"
    assert one({"service": "checkout", "at": 1_800_000_000}).at.year == 2027


def test_several_at_once() -> None:
    both = [{"service": "a"}, {"service": "b"}]
    assert [found.service for found in parse(both)] == ["a", "b"]
    assert [found.service for found in parse({"deployments": both})] == ["a", "b"]
    assert parse([]) == []


def test_github() -> None:
    found = one(GITHUB)
    assert (found.service, found.environment) == ("checkout", "production")
    assert found.version == "main (a84d88e7554f)"
    assert (found.at, found.by, found.state) == (at(9, 41, 12), "ana-p", "success")
    assert found.link == "https://github.com/shop/checkout/actions/runs/7"
    begun = one({key: said for key, said in GITHUB.items() if key != "deployment_status"})
    assert (begun.key, begun.state, begun.at) == (found.key, "created", at(9, 39))
    assert begun.link == "https://github.com/shop/checkout/deployments"
    form = b"payload=" + msgspec.json.encode(GITHUB).replace(b" ", b"%20")
    assert one(form) == found


@pytest.mark.parametrize(
    "said",
    [
        {"zen": "Keep it logically awesome.", "hook_id": 1},
        {"ref": "refs/heads/main", "commits": [], "sender": {"login": "ana-p"}},
        {"object_kind": "push", "project": {}},
        {"deployment": {}, "sender": {"login": "ana-p"}},
    ],
)
def test_what_a_forge_sends_besides_is_no_deployment_and_no_mistake(said: Any) -> None:
    assert parse(said) == []


def test_gitlab() -> None:
    found = one(GITLAB)
    assert (found.service, found.environment, found.version) == (
        "checkout", "staging", "v4.2 (279484c0)",
    )  # fmt: skip
    assert (found.at, found.by, found.title) == (at(9, 40), "ana", "Add a queue")
    assert found.key == "gitlab shop/checkout 15"


def test_argo_cd() -> None:
    found = one(ARGO)
    assert (found.service, found.environment, found.state) == (
        "checkout", "production", "succeeded",
    )  # fmt: skip
    assert (found.version, found.by, found.at) == ("a84d88e7554f", "ana", at(9, 40))
    assert one(ARGO["app"]) == found


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "file:///etc/passwd", "https://", "http://[", "//x", "https://a/\n"],
)
def test_a_link_that_a_browser_should_not_open_is_left_out(link: str) -> None:
    assert one({"service": "a", "link": link}).link == ""


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (b"", "no JSON"),
        (b"\xff{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"payload=%7B", "no JSON"),
        (b"payload=", "no JSON"),
        (b"7", "neither"),
        ([7], "no object"),
        ({}, "`service`"),
        ([{"service": "a"}, {}], "deployment 2"),
        ({"service": "a", "at": "yesterday"}, "`at`"),
        ({"service": "a", "at": "2026-11-21T10:00:00"}, "`at`"),
        ([{"service": "a"}] * 501, "501"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_can(said: Any, what: str) -> None:
    problem = parse(said)
    assert isinstance(problem, NotUnderstood)
    assert what in problem.what
    assert problem.hint


_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "service", "at", "link", "deployment", "deployment_status", "sender", "app",
                    "object_kind", "deployment_id", "status", "operationState", "metadata",
                    "name", "repository", "id", "created_at", "deployments",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.binary() | _values.map(msgspec.json.encode))
@example(b'{"service":"a","at":1e300}')
@example(b'{"service":"a","at":"0001-01-01T00:00:00+14:00"}')
@example(b'{"object_kind":"deployment","deployment_id":1}')
def test_every_byte_string_gives_deployments_or_a_reason(payload: bytes) -> None:
    found = parse(payload)
    if isinstance(found, NotUnderstood):
        assert found.what
        return
    for deployment in found:
        assert deployment.service
        assert deployment.key
        assert deployment.at.tzinfo is not None
        assert deployment.link == "" or deployment.link.startswith(("http://", "https://"))
