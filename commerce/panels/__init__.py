"""Boxes, figures and entries of commerce on pages of others."""

from commerce.panels.orders import dormant_risk, order_entries, order_panel, revenue_figures, revenue_panel

__all__ = ["dormant_risk", "order_entries", "order_panel", "revenue_figures", "revenue_panel"]
