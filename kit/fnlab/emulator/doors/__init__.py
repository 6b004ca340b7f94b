"""The doors: each translates one protocol to the platform and back, holds no state and decides nothing."""
