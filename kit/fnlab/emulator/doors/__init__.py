"""The ways in from outside: each door translates one protocol to the platform and back, and keeps nothing."""
