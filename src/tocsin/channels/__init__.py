"""Ways to reach people, one folder each; imports core and engine, never a sibling."""
