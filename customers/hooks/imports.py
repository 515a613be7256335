"""Files of customers and contacts that are read in."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.registry import (
    FirstStep,
    Permission,
    QuickAction,
    RecordPage,
    RegularTask,
    SidebarItem,
    TaskKind,
    Verb,
    first_steps,
    permissions,
    quick_actions,
    record_pages,
    regular_tasks,
    sidebar,
    task_kinds,
    verbs,
)
from customers.models import Customer
from customers.registry import (
    import_resources,
)
from customers.resources import CUSTOMERS

permissions.plug(
    Permission("customers.import", _("Import customers"), ("owner", "manager", "integration"), sees_all=True),
    Permission("customers.view_imports", _("See imports"), ("owner", "manager", "analyst", "integration")),
)
verbs.plug(
    Verb("customers.import.started", _("Import started")),
    Verb("customers.import.completed", _("Import completed")),
    Verb("customers.import.refused", _("Import refused")),
)
sidebar.plug(
    SidebarItem(_("Data"), _("Imports"), "upload", "customers:import_list", "customers.view_imports", order=700),
)
quick_actions.plug(
    QuickAction(_("Import a file"), "upload", "customers:import_create", "customers.import", 90),
)
record_pages.plug(
    RecordPage("customers.importjob", "customers:import_detail", "customers.view_imports"),
)
import_resources.plug(
    CUSTOMERS,
)
first_steps.plug(
    FirstStep(
        _("Bring your customers in"),
        _("Import a CSV file of them; columns are recognized by their names, and a faulty row is named."),
        "customers:import_create",
        "customers.import",
        lambda business: Customer.objects.live().exists(),
        10,
    ),
)
task_kinds.plug(
    TaskKind(
        "customers.tasks.import_file",
        _("Import of a file"),
        lane="slow",
        limit_seconds=1800,
        alert_seconds=600,
        page=lambda job: reverse("customers:import_detail", args=[job.params["import_job_id"]]),
    ),
    TaskKind("customers.tasks.close_abandoned_imports", _("Close abandoned imports"), hidden=True),
)
regular_tasks.plug(
    RegularTask("close abandoned imports", "customers.tasks.close_abandoned_imports", "*/2 * * * *"),
)
