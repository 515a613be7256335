"""Staff pages of the kernel."""

from crm.views.home import Home, NoBusiness, SwitchBusiness

__all__ = ["Home", "NoBusiness", "SwitchBusiness"]
