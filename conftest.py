"""Loads tests/strict_nbval.py for notebooks as well as for tests: pytest takes plugins from the root's conftest only."""

pytest_plugins = ["tests.strict_nbval"]
