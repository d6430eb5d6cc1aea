"""Model files that are safe to share."""
