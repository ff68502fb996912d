"""The organisation file: who is there, how to reach them; from text to a checked value."""

from tocsin.core.organisation.file import organisation_schema
from tocsin.core.organisation.read import read_organisation
from tocsin.core.organisation.together import check_qualifications, check_together

__all__ = ["check_qualifications", "check_together", "organisation_schema", "read_organisation"]
