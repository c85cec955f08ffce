"""Stores in a folder: on a disk, or on a network drive that the operating system mounts."""
