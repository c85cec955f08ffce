"""How a store is shared with friends: the link that all clones see, the commands to send, and a trial of both."""
