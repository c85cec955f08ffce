"""Uploads in parts: several at once, resumed across processes."""
