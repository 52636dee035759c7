"""One file a kind of source; the file name is the kind."""
