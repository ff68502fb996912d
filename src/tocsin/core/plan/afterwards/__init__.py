"""What comes after incidents and between them: post-mortems, documents, figures, drills."""
