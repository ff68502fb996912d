"""What the API takes and gives about plans and organisations."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tocsin.web.api.models import Asked
from tocsin.web.problems import FoundProblem


class VersionRow(BaseModel):
    """One time that a version of a plan or organisation was put in force."""

    version: str
    title: str
    file: str
    at: datetime
    by: str = Field(description="A person, `operator`, or `tocsin` for a file that has changed.")
    via: str
    why: str
    in_force: bool


class VersionList(BaseModel):
    """What was put in force, newest first; a version may be there more than once."""

    versions: list[VersionRow]
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class VersionDocument(BaseModel):
    """A version that is or was in force, with its text."""

    version: str
    file: str
    text: str
    in_force: bool
    running: int = Field(description="Unresolved incidents that run by this version of a plan.")


class FileDocument(BaseModel):
    """A file that a node watches; it counts again when it is no longer of this version."""

    what: Literal["plan", "organisation"]
    source: str
    version: str
    seen_at: datetime


class RulesDocument(BaseModel):
    """The plan and organisation in force, and the incidents that run by them or by older ones."""

    plan: VersionRow | None
    organisation: VersionRow | None
    running: int = Field(description="Unresolved incidents.")
    running_on_older: int = Field(description="Those of them that keep an older plan.")
    files: list[FileDocument]


class OfferedFile(BaseModel):
    """A text, or a version that was in force before."""

    model_config = ConfigDict(extra="forbid")

    file: str = Field("", max_length=1000, description="Its name, for problems.")
    text: str | None = None
    version: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.text is None) == (self.version is None):
            raise ValueError("give either `text` or `version`")
        return self


class Expected(BaseModel):
    """The versions that the caller believes to be in force; what is left out may be any."""

    model_config = ConfigDict(extra="forbid")

    plan: str | None = None
    organisation: str | None = None


class Application(Asked):
    """A plan, an organisation or both that are to be in force."""

    plan: OfferedFile | None = None
    organisation: OfferedFile | None = None
    expects: Expected = Expected()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.plan is None and self.organisation is None:
            raise ValueError("give `plan`, `organisation` or both")
        return self


class AppliedDocument(RulesDocument):
    """What is in force afterwards; `changed` is empty if all of it was in force already."""

    changed: list[Literal["plan", "organisation"]]
    problems: list[FoundProblem] = Field(description="Warnings and notes.")


class CheckedDocument(BaseModel):
    """What is wrong with an offer; `refused` says that a problem is an error."""

    refused: bool
    problems: list[FoundProblem]
