"""Our code for each kind of store, and the contract it keeps."""
