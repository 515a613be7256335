"""Every customer's way through the stages begins with the stage in which it stands."""

from django.db import migrations

FIRST_STAGES = """
insert into customers_lifecyclechange (business_id, customer_id, stage, effective_at, actor_kind, actor_label, trigger)
select c.business_id, c.id, c.lifecycle_stage, c.created_at, 'system', 'Customer desk', 'kept before the way was recorded'
from customers_customer c
where not exists (select from customers_lifecyclechange l where l.customer_id = c.id)
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_profile_indexes")]
    operations = [migrations.RunSQL(FIRST_STAGES, migrations.RunSQL.noop)]
