"""Events that nobody waits for: taken in, tried until they succeed or are given up, and who hears of it."""
