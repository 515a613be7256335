"""The filters of the activity and access pages, made while the tables are in use."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

NAMED = ~models.Q(request_id="")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("crm", "0005_jobs_views_notifications")]
    operations = [
        AddIndexConcurrently(
            "activity", models.Index(fields=["business", "verb", "-id"], name="crm_activity_verb")
        ),
        AddIndexConcurrently(
            "activity", models.Index(fields=["business", "actor_id", "-id"], name="crm_activity_actor")
        ),
        AddIndexConcurrently(
            "activity", models.Index(fields=["request_id"], name="crm_activity_request", condition=NAMED)
        ),
        AddIndexConcurrently(
            "activity", django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="crm_activity_at")
        ),
        AddIndexConcurrently(
            "accessrecord", models.Index(fields=["business", "actor_id", "-id"], name="crm_access_actor")
        ),
        AddIndexConcurrently(
            "accessrecord", models.Index(fields=["request_id"], name="crm_access_request", condition=NAMED)
        ),
    ]
