"""The kernel's tables in the operators' admin."""

from crm.admin import businesses, rates, trail, work

__all__ = ["businesses", "rates", "trail", "work"]
