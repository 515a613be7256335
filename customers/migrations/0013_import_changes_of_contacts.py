"""Imports note what they change of contacts too."""

import crm.constraints
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0007_saved_view_pins'),
        ('customers', '0012_phone_index'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='importchange',
            name='customers_importchange_once',
        ),
        migrations.AddField(
            model_name='importchange',
            name='contact',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='customers.contact', verbose_name='contact'),
        ),
        migrations.AddIndex(
            model_name='importchange',
            index=models.Index(condition=models.Q(('contact__isnull', False)), fields=['contact'], name='customers_importchange_contact'),
        ),
        migrations.AddConstraint(
            model_name='importchange',
            constraint=crm.constraints.SameBusiness(field='contact', name='customers_importchange_contact_same_business'),
        ),
        migrations.AddConstraint(
            model_name='importchange',
            constraint=models.UniqueConstraint(fields=('import_job', 'customer', 'contact'), name='customers_importchange_once', nulls_distinct=False),
        ),
    ]
