"""Carries out what the scheduler decides, and writes down what came of it."""
