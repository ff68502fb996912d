"""Pages, API and intake over HTTP; imports core and engine."""
