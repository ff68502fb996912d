"""The plan as a document for people: Markdown and HTML, with pictures."""
