"""Customers who order again and again, by the day on which the next order is expected, made without keeping anybody from writing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('customers', '0016_predicted_value_stands_beside'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='customerfacts',
            index=models.Index(condition=models.Q(('days_between_orders__gte', 1), ('is_live', True), ('order_count__gte', 3)), fields=['business', 'next_order_on', 'customer'], include=('last_order_at', 'days_between_orders', 'average_order_value'), name='facts_by_next_order'),
        ),
    ]
