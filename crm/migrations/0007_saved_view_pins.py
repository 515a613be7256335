"""Saved views that people pin."""

import crm.clock
import crm.constraints
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0006_trail_filters"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedViewPin",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=crm.clock.Uuid7(),
                        default=crm.clock.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(auto_now_add=True, db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "updated_at",
                    models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "business",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.business"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "view",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="crm.savedview",
                    ),
                ),
            ],
            options={
                "verbose_name": "pinned view",
                "verbose_name_plural": "pinned views",
                "ordering": ["created_at"],
                "abstract": False,
                "base_manager_name": "unscoped",
                "constraints": [
                    models.UniqueConstraint(fields=("business", "id"), name="crm_savedviewpin_business_id_key"),
                    crm.constraints.SameBusiness(field="view", name="crm_savedviewpin_view_same_business"),
                    models.UniqueConstraint(fields=("business", "user", "view"), name="crm_savedviewpin_once"),
                ],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
    ]
