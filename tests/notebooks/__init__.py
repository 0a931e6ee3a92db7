"""The notebooks as files."""
