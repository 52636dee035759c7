"""Where mentions come from: one file a kind, one guarded HTTP client."""
