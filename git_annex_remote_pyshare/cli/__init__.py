"""What a person types: pyshare login, logout, whoami, demo."""
