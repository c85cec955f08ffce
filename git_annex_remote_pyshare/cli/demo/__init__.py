"""The demonstration: Alice shares a dataset with Bob."""
