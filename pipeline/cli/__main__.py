"""Lets `python -m pipeline.cli` run the command line."""

from pipeline.cli import main

main()
