"""What is kept below .git/annex/pyshare for a later process, and locks between processes."""
