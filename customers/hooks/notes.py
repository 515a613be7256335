"""Notes and files."""

from django.utils.translation import gettext_lazy as _

from crm.registry import (
    DemoPart,
    IntegrityCheck,
    NotificationKind,
    Permission,
    RegularTask,
    TaskKind,
    Verb,
    demo_parts,
    integrity_checks,
    notification_kinds,
    permissions,
    regular_tasks,
    task_kinds,
    verbs,
)
from customers.demo.notes import fill_notes
from customers.queries import integrity
from customers.queries.notes import note_entries
from customers.registry import (
    ProfileTab,
    RowAction,
    TimelineSource,
    profile_tabs,
    row_actions,
    timeline_sources,
)

permissions.plug(
    Permission("customers.manage_notes", _("Edit and remove the notes of others"), ("owner", "manager")),
)
verbs.plug(
    Verb("customers.note.created", _("Note added")),
    Verb("customers.note.updated", _("Note changed")),
    Verb("customers.note.removed", _("Note removed")),
    Verb("customers.note.restored", _("Note brought back")),
    Verb("customers.file.added", _("File added")),
    Verb("customers.file.removed", _("File removed")),
    Verb("customers.file.restored", _("File brought back")),
    Verb("customers.file.purged", _("Removed files deleted for good")),
)
notification_kinds.plug(
    NotificationKind("customers.mentioned", _("Somebody names you in a note"), _("On customers that you may see.")),
)
profile_tabs.plug(
    ProfileTab("notes", _("Notes"), "customers:customer_notes", "customers.view", order=25),
    ProfileTab("files", _("Files"), "customers:customer_files", "customers.view", order=60),
)
row_actions.plug(
    RowAction("note", _("Add note"), "sticky-note", "customers:note_create", "customers.change", order=30),
)
timeline_sources.plug(
    TimelineSource("notes", _("Notes"), "notebook-pen", "customers.view", note_entries, order=20),
)
integrity_checks.plug(
    IntegrityCheck("customers.file_sizes", _("Files are as large as they were"), integrity.examine_sizes, order=160),
)
task_kinds.plug(
    TaskKind("customers.tasks.purge_files", _("Delete removed files"), lane="slow", limit_seconds=900, hidden=True),
)
regular_tasks.plug(
    RegularTask("delete removed files", "customers.tasks.purge_files", "40 2 * * *"),
)
demo_parts.plug(
    DemoPart("notes", fill_notes, ("customers.Note", "customers.Attachment"), order=160),
)
