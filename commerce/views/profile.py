"""The tab of the profile that tells of money: deals, subscriptions, invoices and what is expected."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy

from customers.views.profile import ProfilePage


class CustomerCommerce(ProfilePage):
    """What the customer buys and pays."""

    permission = "commerce.view_orders"
    title = gettext_lazy("A customer's purchases")
    template_name = "commerce/customer_commerce.html"
    tab = "commerce"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(panels=self.panels())
