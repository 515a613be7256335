"""Deals are found by the words of their names. The index is made without keeping anybody from writing meanwhile."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('commerce', '0008_order_patterns'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='opportunity',
            index=django.contrib.postgres.indexes.GinIndex(models.Func(models.F('name'), output_field=django.contrib.postgres.search.SearchVectorField(), template="crm_search_vector(%(expressions)s, '', '', '')"), fastupdate=False, name='commerce_deal_words'),
        ),
    ]
