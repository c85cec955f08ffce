"""Amazon S3 and the many servers that speak its protocol."""
