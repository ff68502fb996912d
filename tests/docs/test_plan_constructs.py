"""Everything that plans have been seen to say has a how-to.

The numbers are those of the comparison of five plans (section 24); the names below them are what
people ask for besides.
"""

import pytest
from tests.docs.test_plan_pages import HOW_TO, headings

WHERE = {
    "C01": "the-plan-itself#name-it-and-say-whose-it-is",
    "C02": "classification#order-the-levels",
    "C03": "classification#write-a-condition",
    "C04": "classification#set-a-floor",
    "C05": "times-and-clocks#write-a-time",
    "C06": "times-and-clocks#say-when-you-work",
    "C07": "times-and-clocks#set-a-deadline",
    "C08": "times-and-clocks#count-from-the-right-moment",
    "C09": "phases-and-gates#lay-out-the-phases",
    "C10": "phases-and-gates#say-what-should-have-come-about-by-when",
    "C11": "phases-and-gates#write-steps",
    "C12": "phases-and-gates#order-things",
    "C13": "phases-and-gates#take-something-back",
    "C14": "playbooks#say-what-is-done-in-one-type-of-incident",
    "C15": "roles-and-authority#give-somebody-a-role",
    "C16": "escalation#name-everybody",
    "C17": "escalation#a-step",
    "C18": "escalation#a-list-or-a-chain",
    "C19": "escalation#when-something-happens",
    "C20": "ladders-and-finance#say-what-follows-when-a-figure-climbs",
    "C21": "communication#say-who-reads-along",
    "C22": "communication#say-where-people-talk",
    "C23": "communication#how-often",
    "C24": "communication#set-limits-to-what-is-published",
    "C25": "templates#write-a-message",
    "C26": "communication#agree-on-words-for-how-it-stands",
    "C27": "the-plan-itself#number-incidents",
    "C28": "catalogue-and-thresholds#how-incidents-are-noticed",
    "C29": "catalogue-and-thresholds#where-something-measured-becomes-an-alert",
    "C30": "catalogue-and-thresholds#what-there-is",
    "C31": "catalogue-and-thresholds#what-there-is",
    "C32": "catalogue-and-thresholds#lists-to-go-through",
    "C33": "duties-and-regulations#oblige-somebody-to-tell-somebody",
    "C34": "phases-and-gates#preserve-evidence",
    "C35": "phases-and-gates#let-nothing-pass-before-it-is-safe",
    "C36": "post-mortems-and-documents#go-over-each-incident",
    "C37": "post-mortems-and-documents#follow-up-measures",
    "C38": "drills-and-reports#measure-how-well-it-goes",
    "C39": "drills-and-reports#report-over-a-period",
    "C40": "ladders-and-finance#work-out-what-it-costs",
    "C41": "drills-and-reports#practise-by-a-calendar",
    "C42": "drills-and-reports#break-something-on-purpose",
    "C43": "playbooks#prepare-for-a-disaster",
    "C44": "communication#run-a-status-page",
    "C45": "communication#help-support",
    "C46": "phases-and-gates#take-something-back",
    "C47": "the-plan-itself#point-to-other-documents",
    "C48": "the-plan-itself#point-to-other-documents",
    "C49": "phases-and-gates#ask-what-must-be-answered",
    "C50": "gaps-and-contradictions#keep-a-contradiction",
    "C51": "the-plan-itself#state-a-rule-that-only-people-can-keep",
    "C52": "the-plan-itself#change-it",
    "authority": "roles-and-authority#who-may-do-what",
    "succession, relief": "roles-and-authority#say-who-comes-next",
    "conflicts": "roles-and-authority#keep-roles-apart",
    "confidentiality": "roles-and-authority#keep-an-incident-to-few-readers",
    "doubt": "classification#say-what-doubt-counts-for",
    "modes": "roles-and-authority#work-in-another-mode",
    "several incidents": "escalation#when-several-incidents-are-open",
    "sub-teams": "roles-and-authority#split-a-large-response",
    "applicability": "the-plan-itself#say-which-incidents-it-is-for",
}


@pytest.mark.parametrize("construct", WHERE)
def test_every_construct_has_a_how_to_that_the_index_leads_to(construct: str) -> None:
    page, _, heading = WHERE[construct].partition("#")
    assert heading in headings(HOW_TO / f"{page}.md")
    assert f"({page}.md#{heading})" in (HOW_TO / "README.md").read_text(encoding="utf-8")
