"""The built wheel, and a fresh environment that has it."""

from tests.fixtures.wheel import elsewhere, wheel

__all__ = ["elsewhere", "wheel"]
