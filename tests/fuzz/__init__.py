"""The API against its own schema: a small, repeatable number of cases here, thousands by `manage.py fuzz`."""
