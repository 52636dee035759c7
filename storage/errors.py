"""The one exception tree of storage: each says in one line what, where and what to do."""

from __future__ import annotations


class StoreError(Exception):
    """Anything the database could not do; `retry` tells whether trying again may help."""

    retry = False


class StoreLockedError(StoreError):
    """Another process holds the database file."""


class StoreDamagedError(StoreError):
    """The database holds less than was acknowledged, or cannot be read."""


class StoreFullError(StoreError):
    """The disk is full; the same statement works again once there is space."""

    retry = True


class StoreBrokenError(StoreError):
    """The database invalidated itself (a failed checkpoint): close it and open it again."""

    retry = True
