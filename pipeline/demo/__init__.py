"""The demo: a fictional district whose three days show the whole product, offline."""
