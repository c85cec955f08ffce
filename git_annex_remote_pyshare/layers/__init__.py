"""Each layer is a backend around a backend; store.py puts them in order."""
