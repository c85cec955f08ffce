"""What `pyshare accept` does: clones a dataset that someone shares, enables its stores, and gets files."""
