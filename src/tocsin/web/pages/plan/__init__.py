"""The plan in force: as a document and a picture, changed, and tried out."""
