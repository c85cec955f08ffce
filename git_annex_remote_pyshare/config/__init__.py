"""Reads the configuration of a remote: its settings, git config, the git-annex branch, and the environment."""
