"""The nightly proof: every stored figure of customers and of days is what the rows say, or people are told which isn't."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commerce.services.facts import differing_figures
from commerce.services.revenue import differing_days
from crm import jobs
from crm.actor import Actor
from crm.formats import number
from crm.models import Business, Job
from crm.services import tell_holders, tell_operators
from customers.registry import fields

KIND = "commerce.figures_differ"
DAYS = "revenue_days"


def prove_figures() -> dict[str, int]:
    """How often each figure of the open business differs from what the rows say: customers by column of the facts, and days of
    revenue as `revenue_days`. Empty when all agree. Nothing is locked or written."""
    days = len(differing_days())
    return differing_figures() | ({DAYS: days} if days else {})


@transaction.atomic
def ask_for_proof(*, actor: Actor, business: Business) -> Job | None:
    """Have the figures of the business proven by a job; None when one waits already."""
    return jobs.enqueue(
        "commerce.tasks.prove_figures", actor=actor, business=business, dedupe_key=f"proof:{business.pk}"
    )


@transaction.atomic
def tell_of_differences(*, actor: Actor, business: Business, found: Mapping[str, int], href: str) -> int:
    """Tell those who run the business, and the operators, which figures differ; returns how many are told."""
    title, text = _("Stored figures are not what the records say"), differences_in_words(found)
    key = f"{KIND}:{business.pk}"
    told = tell_holders(
        actor=actor, business=business, permission="crm.manage_business", kind=KIND, title=title, text=text, tone="bad",
        href=href, dedupe_key=key,
    )  # fmt: skip
    return told + tell_operators(
        actor=actor,
        kind="crm.integrity_broken",
        title=title,
        text=f"{business.name}: {text}",
        tone="bad",
        dedupe_key=key,
    )


def outcome(job: Job) -> str:
    """What a proof that is done has found."""
    return _("Every stored figure is what the records say.")


def differences_in_words(found: Mapping[str, int]) -> str:
    """Each differing figure with the number of its customers or days."""
    labels = {field.path: field.label for field in fields}
    parts = []
    for name, count in found.items():
        if name == DAYS:
            label, words = _("Revenue by day"), ngettext("%(count)s day", "%(count)s days", count)
        else:
            label = str(labels.get(f"facts__{name}") or name.replace("_", " "))
            words = ngettext("%(count)s customer", "%(count)s customers", count)
        parts.append(f"{label}: {words % {'count': number(count)}}")
    return "; ".join(parts)
