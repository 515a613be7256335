"""Who has bought a product is read off one index of the lines, made without keeping anybody from writing meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('commerce', '0005_bought_together'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='orderline',
            index=models.Index(condition=models.Q(('product__isnull', False), ('quantity__gt', 0)), fields=['product', 'order'], name='commerce_orderline_bought'),
        ),
    ]
