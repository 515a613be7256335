"""Set-up of an installation: packages, database, processes, checks. Works before Django does."""
