"""What people type into a form for a fact, read as the plan means it: see `core.incident.typed`."""

from tocsin.core.incident.typed import choices as choices
from tocsin.core.incident.typed import value_of as value_of
