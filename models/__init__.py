"""What a mention is and what it means: pure functions, no network, no database."""
