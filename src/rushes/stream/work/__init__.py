"""Frames dealt out to workers on any machine, and their results put in order again, by way of a hub."""

from __future__ import annotations
