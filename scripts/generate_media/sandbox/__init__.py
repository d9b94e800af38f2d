"""The three protocols on loopback: a real HTTP server with real bytes, and faults on request."""
