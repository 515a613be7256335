"""Endpoints of customers and imports."""
