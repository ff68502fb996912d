"""What page routes are given, and the check that every form of a signed-in person passes."""

from secrets import token_urlsafe
from typing import Annotated

from fastapi import Depends, Form

from tocsin.web.access import Caller, Known, KnownNeeds, Public
from tocsin.web.pages.rendering import whose_forms
from tocsin.web.problems import Trouble
from tocsin.web.same_site import is_form_token
from tocsin.web.site import Web, given_web

TheWeb = Annotated[Web, Depends(given_web)]
Anybody = Annotated[Caller, Depends(Public())]
Reader = Annotated[Known, Depends(KnownNeeds("read"))]
Responder = Annotated[Known, Depends(KnownNeeds("respond"))]
Commander = Annotated[Known, Depends(KnownNeeds("command"))]
Administrator = Annotated[Known, Depends(KnownNeeds("administer"))]
Auditor = Annotated[Known, Depends(KnownNeeds("audit"))]
FormToken = Annotated[str, Form(max_length=100)]
FormNumber = Annotated[str, Form(max_length=100)]
"""What tells one form from the same one opened again, so that what is sent twice is done once."""


def new_form_number() -> str:
    """Return the number of a form that is about to be shown."""
    return token_urlsafe(12)


def demand_form_token(web: Web, caller: Known, given: str) -> None:
    """Raise Trouble unless the form was one of ours, made for this session."""
    if not is_form_token(given, web.world.secret, whose_forms(caller)):
        raise Trouble(
            403,
            "access.form",
            "this form was not made for you, or is too old",
            "open the page again and repeat what you did",
        )


def local_path(path: str, otherwise: str) -> str:
    """Return `path` if it leads to a page of this site, so that nobody is sent elsewhere."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else otherwise
