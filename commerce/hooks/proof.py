"""What the nightly proof of figures plugs into the sockets: its tasks, when they are due, and what people are told."""

from django.utils.translation import gettext_lazy as _

from commerce.services.proof import KIND, outcome
from crm.registry import NotificationKind, RegularTask, TaskKind, notification_kinds, regular_tasks, task_kinds

task_kinds.plug(
    TaskKind(
        "commerce.tasks.prove_figures", _("Prove stored figures"), lane="slow", limit_seconds=1800, max_attempts=2, outcome=outcome
    ),
    TaskKind("commerce.tasks.prove_all_figures", _("Prove the figures of all businesses"), lane="slow", hidden=True),
)  # fmt: skip
regular_tasks.plug(RegularTask("prove figures", "commerce.tasks.prove_all_figures", "40 3 * * *"))
notification_kinds.plug(
    NotificationKind(KIND, _("Stored figures are not what the records say"), _("Told to owners."), always=True)
)
