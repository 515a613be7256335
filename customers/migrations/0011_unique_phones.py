"""Phone numbers that stand at one customer only, for businesses that want that."""

import crm.constraints
import django.db.models.deletion
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0007_saved_view_pins'),
        ('customers', '0010_counts_off_one_index'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='UniquePhone',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('number', models.CharField(max_length=20)),
            ],
            options={
                'verbose_name': 'unique phone number',
                'verbose_name_plural': 'unique phone numbers',
                'abstract': False,
                'base_manager_name': 'unscoped',
            },
            managers=[
                ('objects', django.db.models.manager.Manager()),
                ('unscoped', django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name='uniquephone',
            name='business',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='crm.business'),
        ),
        migrations.AddField(
            model_name='uniquephone',
            name='customer',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='customers.customer'),
        ),
        migrations.AddConstraint(
            model_name='uniquephone',
            constraint=crm.constraints.SameBusiness(field='customer', name='customers_uniquephone_customer_same_business'),
        ),
        migrations.AddConstraint(
            model_name='uniquephone',
            constraint=models.UniqueConstraint(fields=('business', 'number'), name='customers_uniquephone_once'),
        ),
        migrations.AddConstraint(
            model_name='uniquephone',
            constraint=models.UniqueConstraint(fields=('customer',), name='customers_uniquephone_of_customer'),
        ),
    ]
