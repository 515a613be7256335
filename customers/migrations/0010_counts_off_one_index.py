"""The index that counts filtered lists holds who has asked for erasure too, so that counting reads nothing else. The new one is made
before the old one goes, without keeping anybody from writing meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('customers', '0009_longer_texts'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(('is_live', True)), fields=['business', 'kind', 'lifecycle_stage', 'country', 'owner'], include=('hidden_at', 'id'), name='customers_by_all_filters'),
        ),
        RemoveIndexConcurrently(
            model_name='customer',
            name='customers_by_filters',
        ),
    ]
