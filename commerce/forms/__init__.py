"""Forms of the staff pages of commerce."""

from commerce.forms.deals import CardForm, DealForm, MoveForm, ReportForm, deal_initial, probability_field, stale_field

__all__ = ["CardForm", "DealForm", "MoveForm", "ReportForm", "deal_initial", "probability_field", "stale_field"]
