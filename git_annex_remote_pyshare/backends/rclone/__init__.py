"""The rclone backend: a folder of any remote that the user has configured in rclone (`rclone:NAME:/folder`)."""
