"""Doors: each speaks one protocol, translates it for the platform, and decides nothing."""
