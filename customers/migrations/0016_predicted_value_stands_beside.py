"""The predicted value is read from the estimate beside the customer, so that predicting rewrites no facts."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0015_value_by_stage'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='customerfacts',
            name='predicted_value',
        ),
    ]
