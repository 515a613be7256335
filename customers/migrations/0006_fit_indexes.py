"""Indexes by which lists are ordered by the fit with the ideal customer, made without keeping anybody from writing meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0005_search")]
    operations = [
        AddIndexConcurrently(
            model_name='customerfacts',
            index=models.Index(models.F('business'), models.OrderBy(models.F('icp_score'), descending=True, nulls_last=True), models.OrderBy(models.F('customer'), descending=True), condition=models.Q(('is_live', True)), name='facts_by_fit'),
        ),
        AddIndexConcurrently(
            model_name='customerfacts',
            index=models.Index(models.F('business'), models.F('lifecycle_stage'), models.OrderBy(models.F('icp_score'), descending=True, nulls_last=True), models.OrderBy(models.F('customer'), descending=True), condition=models.Q(('is_live', True)), name='facts_by_stage_fit'),
        ),
    ]
