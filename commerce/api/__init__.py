"""Endpoints of commerce."""
