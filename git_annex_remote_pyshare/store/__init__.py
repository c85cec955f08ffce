"""From a store's configuration to a store: its backend inside the layers that every transfer goes through."""
