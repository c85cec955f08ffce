"""Contains the backend for each kind of store, and the contract that backends implement."""
