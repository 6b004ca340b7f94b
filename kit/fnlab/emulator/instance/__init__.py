"""What runs inside an instance: nothing here imports anything else of fnlab.

An instance is a fresh Python process. It gets one end of a Unix socket pair and a lifeline, imports the handler, says
that it is ready and how long each phase took, and then answers one invocation after the other.
"""
