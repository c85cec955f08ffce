"""Where logins come from, where they are kept, and to whom they may be shown."""
