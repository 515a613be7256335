"""Refunds that name their order are found by its number when it comes in, by an index made without keeping anybody from writing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('commerce', '0010_refunded_by_day'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='order',
            index=models.Index(condition=models.Q(('refund_of_number', ''), _negated=True), fields=['business', 'refund_of_number'], name='commerce_order_refund_number'),
        ),
        # Of columns that are new the planner knows nothing yet.
        migrations.RunSQL('analyze commerce_order', migrations.RunSQL.noop),
    ]
