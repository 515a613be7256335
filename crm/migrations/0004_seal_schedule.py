"""The activity of every business is sealed once a minute."""

from typing import Any

from django.db import migrations

NAME = "seal the activity"


def add(apps: Any, schema_editor: Any) -> None:
    schedules = apps.get_model("django_q", "Schedule").objects
    fields = {"func": "crm.tasks.seal_trails", "schedule_type": "I", "minutes": 1, "repeats": -1}
    schedules.get_or_create(name=NAME, defaults=fields)


def remove(apps: Any, schema_editor: Any) -> None:
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0003_demo_removal"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [migrations.RunPython(add, remove)]
