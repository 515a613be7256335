"""Estimates of a business are read by value. What their customer proves already isn't proven again for each of a million rows."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('commerce', '0006_lines_of_a_product'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='lifetimevalueestimate',
            index=models.Index(fields=['business', '-predicted', 'customer'], name='commerce_estimate_by_value'),
        ),
        RemoveIndexConcurrently(
            model_name='lifetimevalueestimate',
            name='commerce_estimate_of_model',
        ),
        migrations.AlterField(
            model_name='lifetimevalueestimate',
            name='business',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=models.deletion.CASCADE, related_name='+', to='crm.business'),
        ),
    ]
