"""A folder as a store: on a disk, or on a network drive that the operating system mounts."""
