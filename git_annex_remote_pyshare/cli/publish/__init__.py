"""Publishes a chosen part of a dataset into a store that people read: under real names, and without git's own files."""
