"""What is true and what must happen next: pure functions of values; imports only itself."""
