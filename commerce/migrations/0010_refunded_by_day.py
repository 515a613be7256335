"""Revenue by day says how much of it was refunded. What was refunded so far is summed in one reading of the refunds."""

from django.db import migrations, models

REFUNDED = """
update commerce_revenueday r set refunded = s.refunded
from (
    select o.business_id, (o.ordered_at at time zone b.time_zone)::date as day, -sum(o.total_base) as refunded
    from commerce_order o join crm_business b on b.id = o.business_id where o.status = 'refund' group by 1, 2
) s
where r.business_id = s.business_id and r.day = s.day and s.refunded <> 0
"""


class Migration(migrations.Migration):

    dependencies = [
        ('commerce', '0009_deal_words'),
    ]

    operations = [
        migrations.AddField(
            model_name='revenueday',
            name='refunded',
            field=models.DecimalField(db_default=0, decimal_places=4, default=0, max_digits=20, verbose_name='refunded'),
        ),
        migrations.RunSQL(REFUNDED, migrations.RunSQL.noop),
    ]
