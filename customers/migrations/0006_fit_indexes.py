"""Lists ordered by the fit with the ideal customer: a copy of the kind beside the figures, and indexes, without keeping anybody from
writing meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# In steps that are committed one by one, so that no row stays locked for long.
COPY_KINDS = """
do $$
declare
    step uuid[];
begin
    loop
        step := array(
            select f.customer_id from customers_customerfacts f join customers_customer c on c.id = f.customer_id
            where c.kind = 'company' and f.kind = 'person' limit 20000);
        exit when cardinality(step) = 0;
        update customers_customerfacts set kind = 'company' where customer_id = any(step);
        commit;
    end loop;
end
$$
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0005_search")]
    operations = [
        migrations.AddField(
            model_name='customerfacts',
            name='kind',
            field=models.CharField(choices=[('person', 'Person'), ('company', 'Company')], db_default='person', default='person', max_length=7),
        ),
        migrations.RunSQL([COPY_KINDS, "analyze customers_customerfacts"], migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name='customerfacts',
            index=models.Index(models.F('business'), models.OrderBy(models.F('icp_score'), descending=True, nulls_last=True), models.OrderBy(models.F('customer'), descending=True), condition=models.Q(('is_live', True)), name='facts_by_fit'),
        ),
        AddIndexConcurrently(
            model_name='customerfacts',
            index=models.Index(models.F('business'), models.F('lifecycle_stage'), models.OrderBy(models.F('icp_score'), descending=True, nulls_last=True), models.OrderBy(models.F('customer'), descending=True), condition=models.Q(('is_live', True)), name='facts_by_stage_fit'),
        ),
        AddIndexConcurrently(
            model_name='customerfacts',
            index=models.Index(models.F('business'), models.F('kind'), models.OrderBy(models.F('icp_score'), descending=True, nulls_last=True), models.OrderBy(models.F('customer'), descending=True), condition=models.Q(('is_live', True)), name='facts_by_kind_fit'),
        ),
    ]
