"""The index of a customer's orders holds all that their figures are summed from, so that computing them anew for everybody reads nothing
else. The new one is made before the old one goes, without keeping anybody from writing meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('commerce', '0003_deals_subscriptions_invoices'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(models.F('customer'), models.OrderBy(models.F('ordered_at'), descending=True), models.OrderBy(models.F('id'), descending=True), include=('business', 'status', 'is_refunded', 'total_base'), name='commerce_order_figures'),
        ),
        RemoveIndexConcurrently(
            model_name='order',
            name='commerce_order_of_customer',
        ),
    ]
