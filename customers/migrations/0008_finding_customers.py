"""Search rows hold first, last and legal names too; indexes by which customers and what was found out about them are found. Nobody
is kept from writing meanwhile."""

import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models

BATCH = 20_000
UPTO = "select id from (select id from customers_customer where id > %s order by id limit %s) c order by id desc limit 1"
WORDS = """
update customers_customersearch s set vector = crm_search_vector(
    c.display_name || ' ' || c.first_name || ' ' || c.last_name || ' ' || c.legal_name, c.email, c.phone, c.external_id)
from customers_customer c
where c.id > %s and c.id <= %s and s.customer_id = c.id
  and (c.legal_name <> '' or c.display_name <> btrim(c.first_name || ' ' || c.last_name) and c.first_name || c.last_name <> '')
"""


def refresh_words(apps, schema_editor):
    """In pieces, each of which is stored by itself; a second run writes the same again."""
    done = "00000000-0000-0000-0000-000000000000"
    with connection.cursor() as cursor:
        while True:
            cursor.execute(UPTO, [done, BATCH])
            row = cursor.fetchone()
            if row is None:
                return
            cursor.execute(WORDS, [done, row[0]])
            done = row[0]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('crm', '0007_saved_view_pins'),
        ('customers', '0007_import_changes'),
    ]

    operations = [
        migrations.RunPython(refresh_words, migrations.RunPython.noop),
        AddIndexConcurrently(
            model_name='competitormention',
            index=models.Index(models.F('business'), django.db.models.functions.text.Lower('name'), models.F('customer'), name='customers_competitor_name'),
        ),
        AddIndexConcurrently(
            model_name='competitormention',
            index=models.Index(fields=['business', 'seen_on', 'id'], name='customers_competitor_seen'),
        ),
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(models.Q(('city', ''), _negated=True), ('is_live', True)), fields=['business', 'city'], name='customers_by_city'),
        ),
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(models.Q(('industry', ''), _negated=True), ('is_live', True)), fields=['business', 'industry'], name='customers_by_industry'),
        ),
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(models.Q(('postal_code', ''), _negated=True), ('is_live', True)), fields=['business', 'postal_code'], name='customers_by_postcode'),
        ),
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(models.Q(('domain', ''), _negated=True), ('is_live', True)), fields=['business', 'domain'], name='customers_by_domain'),
        ),
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(('is_live', True)), fields=['business', 'updated_at', 'id'], name='customers_by_changed'),
        ),
        AddIndexConcurrently(
            model_name='signal',
            index=models.Index(condition=models.Q(('closed_on__isnull', True)), fields=['business', 'kind', 'customer'], name='customers_signal_open'),
        ),
        AddIndexConcurrently(
            model_name='signal',
            index=models.Index(fields=['business', 'seen_on', 'id'], name='customers_signal_seen'),
        ),
        AddIndexConcurrently(
            model_name='technology',
            index=models.Index(models.F('business'), django.db.models.functions.text.Lower('name'), models.F('customer'), name='customers_technology_name'),
        ),
        AddIndexConcurrently(
            model_name='technology',
            index=models.Index(fields=['business', 'last_seen_on', 'id'], name='customers_technology_seen'),
        ),
    ]
