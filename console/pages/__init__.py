"""The console's pages: one file a page, each a function from a Visit to an answer."""
