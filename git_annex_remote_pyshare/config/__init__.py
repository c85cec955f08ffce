"""What configures a remote: its settings, this clone's git config, the git-annex branch, and what the user accepted."""
