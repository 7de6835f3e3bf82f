"""Colours as messages write them, and how well one is read on another."""

from __future__ import annotations

import re

__all__ = ["contrast"]

HEX = re.compile(r"#(?:([0-9a-f]{3})|([0-9a-f]{6}))", re.IGNORECASE)
RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", re.IGNORECASE)
NAMES = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
    "navy": (0, 0, 128),
}

Channels = tuple[int, int, int]


def contrast(ink: str, paper: str) -> float | None:
    """The contrast ratio of two colours (WCAG 2), from 1 to 21; None where one is not known."""
    inks, papers = _channels(ink), _channels(paper)
    if inks is None or papers is None:
        return None
    dark, light = sorted([_luminance(inks), _luminance(papers)])
    return (light + 0.05) / (dark + 0.05)


def _channels(colour: str) -> Channels | None:
    colour = colour.strip().lower()
    if found := HEX.fullmatch(colour):
        digits = found[2] or "".join(digit * 2 for digit in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if found := RGB.fullmatch(colour):
        return min(int(found[1]), 255), min(int(found[2]), 255), min(int(found[3]), 255)
    return NAMES.get(colour)


def _luminance(channels: Channels) -> float:
    red, green, blue = (_linear(channel / 255) for channel in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
