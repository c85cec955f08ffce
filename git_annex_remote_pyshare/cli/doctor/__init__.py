"""What `pyshare doctor` looks at, a module for each section: machine, dataset, login, server, friends."""
