"""WebDAV stores (RFC 4918): Nextcloud, ownCloud, sciebo, Apache, nginx, rclone serve and others."""
