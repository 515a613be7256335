"""Boxes, figures and entries about customers on pages of others."""
