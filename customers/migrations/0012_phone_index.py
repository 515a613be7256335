"""Shared phone numbers are found by an index, made without keeping anybody from writing meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('customers', '0011_unique_phones'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(models.Q(('phone_e164', ''), _negated=True), ('is_live', True)), fields=['business', 'phone_e164'], name='customers_by_phone'),
        ),
    ]
