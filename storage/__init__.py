"""The only owner of DuckDB and of SQL."""
