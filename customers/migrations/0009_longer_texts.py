"""Industries of 100 characters, phones of 50. The table isn't rewritten; the index of industries, which would be made anew under a lock,
is dropped before and made afterwards, so that nobody is kept from writing meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('customers', '0008_finding_customers'),
    ]

    operations = [
        RemoveIndexConcurrently(
            model_name='customer',
            name='customers_by_industry',
        ),
        migrations.AlterField(
            model_name='customer',
            name='industry',
            field=models.CharField(blank=True, db_default='', default='', max_length=100, verbose_name='industry'),
        ),
        migrations.AlterField(
            model_name='customer',
            name='phone',
            field=models.CharField(blank=True, db_default='', default='', help_text='With the country code, as in +44 20 7946 0018.', max_length=50, verbose_name='phone'),
        ),
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(models.Q(('industry', ''), _negated=True), ('is_live', True)), fields=['business', 'industry'], name='customers_by_industry'),
        ),
    ]
