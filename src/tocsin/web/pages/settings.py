"""What this process works with, where each of it is set, and whether it is well."""

from dataclasses import dataclass

from fastapi import APIRouter, Response

from tocsin.core.words.phrases import listed
from tocsin.engine.ports import Channel
from tocsin.engine.probe import PROBE
from tocsin.web import arrivals, health, intake, wrappers
from tocsin.web.pages.forms import Administrator, TheWeb
from tocsin.web.pages.plan import what_if
from tocsin.web.pages.rendering import render
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

DATABASE = "TOCSIN_DATABASE_URL"

LIMITS = (
    ("One request with alerts", f"{intake.BODY_AT_MOST >> 20} MiB read, 4 MiB understood"),
    ("One other request", f"{wrappers.BODY_AT_MOST >> 10} KiB"),
    ("One request with plan and organisation", f"{wrappers.RULES_AT_MOST >> 20} MiB"),
    ("Last payloads of an integration",
     f"{arrivals.KEPT}, {arrivals.BYTES_KEPT >> 10} KiB of each, in memory"),
    ("A simulation on the page", f"{what_if.HAPPENINGS_AT_MOST} lines, {what_if.LOOKS_AT_MOST} "
     f"looks at the plan, {what_if.SECONDS_AT_MOST:g} s"),
)  # fmt: skip


@dataclass(frozen=True)
class Reached:
    """A channel: whether it is set up, by what, and what to do if it is not."""

    name: str
    ready: bool
    said: str
    hint: str = ""


@router.get("/settings")
def settings_page(web: TheWeb, caller: Administrator) -> Response:
    """Show all of it; nothing here can be changed but how the page looks."""
    return render(
        web, "settings.html", caller, facts=_facts(web), channels=_channels(web),
        reasons=health.reasons(web), variables=web.site.variables, limits=LIMITS,
        has_page=web.world.rules.plan.communication.status_page is not None,
    )  # fmt: skip


def _facts(web: Web) -> list[tuple[str, str, str]]:
    world, site = web.world, web.site
    rules = world.rules
    provider = "on" if site.identity_provider is not None else "off"
    return [
        ("Tocsin", site.version, ""),
        ("Node", world.node, "names this process in logs and claims"),
        ("Address", world.base_url, "TOCSIN_BASE_URL; stands in every message"),
        ("Database", _database(web), DATABASE),
        ("Data directory", site.data_folder or "not told", "TOCSIN_DATA, or --data"),
        ("Sign-in by an identity provider", provider, "TOCSIN_OIDC_ISSUER and its companions"),
        ("Plan", f"{rules.plan.title} ({rules.plan.version[:12]})", ""),
        ("Organisation", f"{rules.organisation.name} ({rules.organisation.version[:12]})", ""),
    ]  # fmt: skip


def _database(web: Web) -> str:
    said = next((one.value for one in web.site.variables if one.name == DATABASE), "")
    return "PostgreSQL" if said.startswith("postgres") else "SQLite"


def _channels(web: Web) -> list[Reached]:
    organisation = web.world.rules.organisation
    named = {"webhook": organisation.webhooks, "slack": organisation.slack}
    found = []
    for name, channel in web.world.channels.items():
        if name.startswith(PROBE):
            continue
        if name in named:
            found.append(_by_name(channel, tuple(named[name])))
            continue
        hint = getattr(channel, "hint", "")
        said = "the inbox page, and the answering links" if name == "inbox" else ""
        found.append(Reached(name, not hint, said, hint))
    return found


def _by_name(channel: Channel, names: tuple[str, ...]) -> Reached:
    """A channel whose addresses stand in the organisation file, under names."""
    wrong = {name: problem for name in names if (problem := channel.problem_with(name))}
    good = [name for name in names if name not in wrong]
    hint = "; ".join(f"{name}: {problem}" for name, problem in wrong.items())
    if not names:
        where = "webhooks" if channel.name == "webhook" else "slack"
        hint = f"add an address under `{where}` in the organisation file"
    return Reached(channel.name, bool(good), listed(good), hint)
