"""Issues of GitHub, by its REST API (version 2022-11-28)."""
