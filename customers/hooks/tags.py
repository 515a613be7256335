"""Tags and custom fields."""

from django.utils.translation import gettext_lazy as _

from crm.registry import (
    DemoPart,
    IntegrityCheck,
    Permission,
    RecordPage,
    SettingsPage,
    Verb,
    demo_parts,
    integrity_checks,
    permissions,
    record_pages,
    settings_pages,
    verbs,
)
from customers.demo.tags import fill_tags
from customers.queries import integrity

permissions.plug(
    Permission("customers.manage_tags", _("Manage tags"), ("owner", "manager", "marketing")),
    Permission("customers.manage_fields", _("Manage custom fields"), ("owner", "manager"), sees_all=True),
)
verbs.plug(
    Verb("customers.tag.created", _("Tag added")),
    Verb("customers.tag.updated", _("Tag changed")),
    Verb("customers.tag.merged", _("Tags merged")),
    Verb("customers.tag.deleted", _("Tag deleted")),
    Verb("customers.custom_field.created", _("Custom field added")),
    Verb("customers.custom_field.updated", _("Custom field changed")),
    Verb("customers.custom_field.archived", _("Custom field archived")),
    Verb("customers.custom_field.restored", _("Custom field restored")),
)
demo_parts.plug(
    DemoPart("tags", fill_tags, ("customers.CustomerTag", "customers.UniqueCustomValue"), order=140),
)
settings_pages.plug(
    SettingsPage(
        _("Tags"), _("Words that customers are marked with."), "tag", "customers:tag_list", "customers.manage_tags", 60
    ),
    SettingsPage(
        _("Custom fields"),
        _("What your business keeps of customers besides the usual."),
        "text-cursor-input",
        "customers:custom_field_list",
        "customers.manage_fields",
        65,
    ),
)
record_pages.plug(
    RecordPage("customers.tag", "customers:tag_update", "customers.manage_tags"),
    RecordPage("customers.customfield", "customers:custom_field_update", "customers.manage_fields"),
)
integrity_checks.plug(
    IntegrityCheck(
        "customers.unique_values", _("Unique values are those of the customers"), integrity.UNIQUE_VALUES, order=150
    ),
)
