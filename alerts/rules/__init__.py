"""One file a kind of rule; the file name is the kind."""
