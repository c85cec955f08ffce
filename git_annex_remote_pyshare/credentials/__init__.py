"""Finds and keeps logins, and decides to which host they may be sent."""
