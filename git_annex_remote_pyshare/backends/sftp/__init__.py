"""Contains the backend for folders on SFTP servers, over the ssh program of this machine."""
