"""The pages for people: HTML that works without JavaScript; imports core, engine and web."""
