"""Shares a store with friends: publishes a link, shows the commands to send, and tries the link first."""
