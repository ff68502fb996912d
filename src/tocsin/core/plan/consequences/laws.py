"""Rules of law on telling authorities, as data: what is owed, to whom, by when, says what.

No legal advice: a plan names a rule by its id and a person decides that it applies. A plan's own
figure always counts; `check` points out where it is longer than the rule's. Months are given as
28 calendar days, which no month is shorter than.
"""

import msgspec


class Law(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. `within` is a time value, "" where the rule gives no figure; `starts` is what its
    clock starts from, in words; `contains` what must be said; `reviewed` when it was looked up."""

    id: str
    name: str
    citation: str
    authority: str
    starts: str
    within: str
    contains: tuple[str, ...] = ()
    in_force: bool = True
    reviewed: str = "2026-11-21"


_GDPR = (
    "nature of the breach, categories and numbers of people and records",
    "contact point", "likely consequences", "measures taken or proposed",
)  # fmt: skip

LAWS: dict[str, Law] = {
    law.id: law
    for law in (
        Law(id="gdpr-33", name="GDPR", citation="Regulation (EU) 2016/679 Art. 33",
            authority="supervisory authority", starts="aware of the breach", within="within 72h",
            contains=_GDPR),
        Law(id="gdpr-34", name="GDPR", citation="Regulation (EU) 2016/679 Art. 34",
            authority="the people concerned", starts="a high risk to them is likely", within="",
            contains=_GDPR[1:]),
        Law(id="uk-gdpr-33", name="UK GDPR", citation="UK GDPR Art. 33", authority="ICO",
            starts="aware of the breach", within="within 72h", contains=_GDPR),
        Law(id="nis2-early-warning", name="NIS2", citation="Directive (EU) 2022/2555 Art. 23(4)(a)",
            authority="CSIRT or competent authority", starts="aware of a significant incident",
            within="within 24h", contains=("whether malicious", "whether across borders")),
        Law(id="nis2-notification", name="NIS2", citation="Directive (EU) 2022/2555 Art. 23(4)(b)",
            authority="CSIRT or competent authority", starts="aware of a significant incident",
            within="within 72h", contains=("severity", "impact", "indicators of compromise")),
        Law(id="nis2-final", name="NIS2", citation="Directive (EU) 2022/2555 Art. 23(4)(d)",
            authority="CSIRT or competent authority", starts="the 72-hour notification was sent",
            within="28 calendar days", contains=("description", "cause", "mitigation", "impact")),
        Law(id="dora-initial", name="DORA", citation="RTS (EU) 2025/301 Art. 5",
            authority="competent authority", starts="classified as major", within="within 4h"),
        Law(id="dora-intermediate", name="DORA", citation="RTS (EU) 2025/301 Art. 5",
            authority="competent authority", starts="the initial notification was sent",
            within="within 72h"),
        Law(id="dora-final", name="DORA", citation="RTS (EU) 2025/301 Art. 5",
            authority="competent authority", starts="the intermediate report was sent",
            within="28 calendar days"),
        Law(id="sec-8k-105", name="SEC", citation="Form 8-K Item 1.05", authority="SEC (EDGAR)",
            starts="materiality is determined", within="4 business days",
            contains=("nature, scope and timing", "material impact")),
        Law(id="hipaa-404", name="HIPAA", citation="45 CFR 164.404",
            authority="the people concerned", starts="discovered",
            within="60 calendar days", contains=("what happened", "which data", "what to do")),
        Law(id="ccpa-1798.82", name="California", citation="Cal. Civ. Code 1798.82",
            authority="the residents concerned", starts="discovered", within="30 calendar days",
            contains=("titled Notice of Data Breach",)),
        Law(id="nydfs-500.17", name="NYDFS", citation="23 NYCRR 500.17", authority="DFS",
            starts="determined that an event occurred", within="within 72h"),
        Law(id="cra-early-warning", name="CRA", citation="Regulation (EU) 2024/2847 Art. 14",
            authority="CSIRT and ENISA", starts="aware of it", within="within 24h"),
        Law(id="cra-notification", name="CRA", citation="Regulation (EU) 2024/2847 Art. 14",
            authority="CSIRT and ENISA", starts="aware of it", within="within 72h"),
        Law(id="circia", name="CIRCIA", citation="6 U.S.C. 681b", authority="CISA",
            starts="a covered incident is believed to have occurred", within="within 72h",
            in_force=False),
    )
}  # fmt: skip
