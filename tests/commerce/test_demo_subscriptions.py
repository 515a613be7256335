"""Subscriptions, invoices and payments of the demo businesses: figures, ledger and statuses fit together."""

from django.core.management import call_command
from django.db.models import Sum

from commerce.models import Invoice, Payment, Subscription
from commerce.queries import INVOICE_PAYMENTS, RECURRING_FACTS, SUBSCRIPTION_STEPS
from commerce.queries.recurring import bridge
from crm import clock
from crm.actor import Actor
from crm.models import Business
from crm.scope import scope
from customers.models import CustomerFacts


def test_the_demo_businesses_have_recurring_revenue(db: None) -> None:
    call_command("demo", customers=150, seed=3, verbosity=0)
    for business in Business.objects.filter(is_demo=True):
        with scope(business):
            assert Invoice.objects.exists()
            assert Payment.objects.exists()
            for check in (RECURRING_FACTS, SUBSCRIPTION_STEPS, INVOICE_PAYMENTS):
                examined = check()
                assert examined.broken == 0, examined.examples
            today = clock.today(business.time_zone)
            closing = bridge(Actor.system("test"), business, today, 36)[-1].closing
            assert closing == (
                CustomerFacts.objects.filter(arr_source="subscriptions").aggregate(sum=Sum("arr"))["sum"] or 0
            )
    with scope(Business.objects.filter(is_demo=True).order_by("created_at").last()):
        assert set(Subscription.unscoped.values_list("status", flat=True).distinct()) >= {"active", "ended"}
        assert set(Invoice.unscoped.values_list("status", flat=True).distinct()) >= {"open", "partial", "paid"}
