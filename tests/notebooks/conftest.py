"""Executing all notebooks takes a minute: `pytest tests/notebooks -m notebooks` does, a plain `pytest` takes two."""

from __future__ import annotations


def pytest_collection_modifyitems(config, items):
    """Leave out what is marked `notebooks`, unless -m names it."""
    if "notebooks" in (config.option.markexpr or ""):
        return
    marked = [item for item in items if item.get_closest_marker("notebooks")]
    if marked:
        config.hook.pytest_deselected(items=marked)
        items[:] = [item for item in items if not item.get_closest_marker("notebooks")]
