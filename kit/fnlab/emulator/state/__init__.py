"""What is deployed, and the one file in which it is kept."""
