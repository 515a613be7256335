"""Indexes and checks of the new columns of customers, without keeping anybody from writing meanwhile."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0002_profile")]
    operations = [
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(('parent__isnull', False)), fields=['parent'], name='customers_by_parent'),
        ),
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(('referred_by__isnull', False)), fields=['referred_by'], name='customers_by_referrer'),
        ),
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(('person__isnull', False)), fields=['person'], name='customers_by_person'),
        ),
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(('telegram_key__isnull', False)), fields=['business', 'telegram_key'], name='customers_by_telegram'),
        ),
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(models.Q(('birthday', ''), _negated=True), ('is_live', True)), fields=['business', 'birthday'], name='customers_by_birthday'),
        ),
        AddIndexConcurrently(
            model_name='customer',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass('custom_values', name='jsonb_path_ops'), condition=models.Q(('custom_values', {}), _negated=True), name='customers_by_custom'),
        ),
        ValidateConstraint(model_name='customer', name='customers_customer_substep_known'),
        ValidateConstraint(model_name='customer', name='customers_customer_parent_other'),
        ValidateConstraint(model_name='customer', name='customers_customer_contract_order'),
    ]
