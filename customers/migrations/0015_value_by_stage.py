"""The list of one stage's customers by lifetime value has its index, made without keeping anybody from writing."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('customers', '0014_value_facts'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='customerfacts',
            index=models.Index(condition=models.Q(('is_live', True)), fields=['business', 'lifecycle_stage', 'lifetime_value', 'customer'], name='facts_by_stage_value'),
        ),
    ]
