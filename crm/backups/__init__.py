"""Backups: the database and the files of one moment in one encrypted archive, proven by reading it as soon as it is written."""
