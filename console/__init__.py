"""The web pages of the press office."""
