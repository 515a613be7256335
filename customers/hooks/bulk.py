"""Changing many customers at once."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.registry import (
    Permission,
    RecordPage,
    RegularTask,
    TaskKind,
    Verb,
    permissions,
    record_pages,
    regular_tasks,
    task_kinds,
    verbs,
)
from customers.forms.bulk import (
    BulkCustomFieldForm,
    BulkOwnerForm,
    BulkReasonForm,
    BulkStageForm,
    BulkTagsForm,
    BulkTeamForm,
)
from customers.registry import (
    BulkAction,
    bulk_actions,
)
from customers.services.bulk_deeds import ChangeArchived, ChangeCustomField, ChangeKeeper, ChangeStages, ChangeTags

permissions.plug(
    Permission(
        "customers.change_many",
        _("Change many customers at once"),
        ("owner", "manager", "agent", "marketing", "integration"),
    ),
)
verbs.plug(
    Verb("customers.bulk.changed", _("Many customers changed")),
    Verb("customers.bulk.undone", _("Bulk change taken back")),
)
record_pages.plug(
    RecordPage("customers.bulkrun", "customers:bulk_detail", "customers.change_many"),
)
bulk_actions.plug(
    BulkAction("tag", _("Add tags"), "tag", "customers.change", BulkTagsForm, ChangeTags(add=True), order=10),
    BulkAction("untag", _("Remove tags"), "tags", "customers.change", BulkTagsForm, ChangeTags(add=False), order=20),
    BulkAction(
        "owner", _("Assign owner"), "user-check", "customers.change", BulkOwnerForm, ChangeKeeper("owner"), order=30
    ),
    BulkAction(
        "team", _("Assign team"), "users-round", "customers.change", BulkTeamForm, ChangeKeeper("team"), order=40
    ),
    BulkAction("stage", _("Change stage"), "route", "customers.change", BulkStageForm, ChangeStages(), order=50),
    BulkAction(
        "custom_field",
        _("Set a custom field"),
        "text-cursor-input",
        "customers.change",
        BulkCustomFieldForm,
        ChangeCustomField(),
        order=60,
    ),
    BulkAction(
        "archive",
        _("Archive"),
        "archive",
        "customers.archive",
        BulkReasonForm,
        ChangeArchived(archive=True),
        is_severe=True,
        order=90,
    ),
    BulkAction(
        "restore",
        _("Restore"),
        "archive-restore",
        "customers.archive",
        BulkReasonForm,
        ChangeArchived(archive=False),
        on_archived=True,
        order=95,
    ),
)
task_kinds.plug(
    TaskKind(
        "customers.tasks.change_customers",
        _("Bulk change"),
        lane="slow",
        limit_seconds=3600,
        alert_seconds=900,
        page=lambda job: reverse("customers:bulk_detail", args=[job.params["run_id"]]),
    ),
    TaskKind("customers.tasks.close_abandoned_bulk_runs", _("Close abandoned bulk changes"), hidden=True),
)
regular_tasks.plug(
    RegularTask("close abandoned bulk changes", "customers.tasks.close_abandoned_bulk_runs", "*/2 * * * *"),
)
