"""The worker as a process, and a server that its calls go to."""
