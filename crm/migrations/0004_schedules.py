"""What the queue does once a minute: seal the activity, take up jobs whose worker has died."""

from typing import Any

from django.db import migrations

TASKS = {"seal the activity": "crm.tasks.seal_trails", "take up lost jobs": "crm.tasks.take_up_lost_jobs"}


def add(apps: Any, schema_editor: Any) -> None:
    schedules = apps.get_model("django_q", "Schedule").objects
    for name, task in TASKS.items():
        schedules.get_or_create(name=name, defaults={"func": task, "schedule_type": "I", "minutes": 1, "repeats": -1})


def remove(apps: Any, schema_editor: Any) -> None:
    apps.get_model("django_q", "Schedule").objects.filter(name__in=TASKS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0003_demo_removal"),
        ("django_q", "0019_alter_task_options_alter_ormq_key_alter_ormq_lock_and_more"),
    ]
    operations = [migrations.RunPython(add, remove)]
