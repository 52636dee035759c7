"""One file a kind of channel; the file name is the kind."""
