"""HTTP as far as the emulator's doors need it: messages, who may come in, and the server."""
