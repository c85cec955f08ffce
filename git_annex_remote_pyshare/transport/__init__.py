"""Provides HTTP for all backends that use it: connections, bodies, responses and errors."""
