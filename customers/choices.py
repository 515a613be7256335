"""Fixed words of the customers app."""

from typing import Any

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    PERSON = "person", _("Person")
    COMPANY = "company", _("Company")


class LifecycleStage(TextChoices):
    PROSPECT = "prospect", _("Prospect")
    OPPORTUNITY = "opportunity", _("Opportunity")
    ONBOARDING = "onboarding", _("Onboarding")
    ACTIVE = "active", _("Active")
    EXPANSION = "expansion", _("Expansion")
    CHURN_RISK = "churn_risk", _("Churn risk")
    CHURNED = "churned", _("Churned")


class Size(TextChoices):
    STARTUP = "startup", _("Startup")
    SMALL = "small", _("Small")
    MEDIUM = "medium", _("Medium")
    LARGE = "large", _("Large")
    ENTERPRISE = "enterprise", _("Enterprise")


class ImportState(TextChoices):
    UPLOADED = "uploaded", _("Uploaded")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Refused")


SUBSTEPS: dict[str, tuple[tuple[str, Any], ...]] = {
    LifecycleStage.PROSPECT: (
        ("research", _("Research")),
        ("qualification", _("Qualification")),
        ("outreach", _("Initial outreach")),
        ("interest", _("Interest development")),
        ("meeting", _("Meeting scheduling")),
    ),
    LifecycleStage.OPPORTUNITY: (
        ("discovery", _("Discovery")),
        ("validation", _("Technical validation")),
        ("business_case", _("Business case")),
        ("negotiation", _("Negotiation")),
        ("closing", _("Closing")),
    ),
    LifecycleStage.ONBOARDING: (("onboarding", _("Onboarding")),),
    LifecycleStage.ACTIVE: (
        ("adoption", _("Adoption")),
        ("success", _("Success")),
        ("advocacy", _("Advocacy")),
    ),
    LifecycleStage.EXPANSION: (("expansion", _("Expansion")),),
    LifecycleStage.CHURN_RISK: (
        ("early_warning", _("Early warning")),
        ("root_cause", _("Root cause")),
        ("recovery_plan", _("Recovery plan")),
        ("escalation", _("Executive escalation")),
        ("win_back", _("Win-back")),
    ),
    LifecycleStage.CHURNED: (),
}
"""The steps within each stage; `customer` of the account playbook is spread over onboarding, active and expansion."""
SUBSTEP_CHOICES = [step for steps in SUBSTEPS.values() for step in steps]
"""All steps of all stages, as choices."""


class ContactRole(TextChoices):
    DECISION_MAKER = "decision_maker", _("Decision maker")
    INFLUENCER = "influencer", _("Influencer")
    CHAMPION = "champion", _("Champion")
    USER = "user", _("User")
    BLOCKER = "blocker", _("Blocker")
    EXECUTIVE_SPONSOR = "executive_sponsor", _("Executive sponsor")


class Sentiment(IntegerChoices):
    HOSTILE = -2, _("Against us")
    SCEPTICAL = -1, _("Skeptical")
    NEUTRAL = 0, _("Neutral")
    POSITIVE = 1, _("Positive")
    ADVOCATE = 2, _("Advocate")


class Influence(IntegerChoices):
    LOWEST = 1, _("1, lowest")
    LOW = 2, "2"
    MIDDLE = 3, "3"
    HIGH = 4, "4"
    HIGHEST = 5, _("5, highest")


class FieldType(TextChoices):
    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    MONEY = "money", _("Money")
    DATE = "date", _("Date")
    CHOICE = "choice", _("Choice")
    CHOICES = "choices", _("Several choices")
    BOOLEAN = "boolean", _("Yes or no")
    URL = "url", _("Web address")
    EMAIL = "email", _("E-mail address")
    USER = "user", _("Member of the business")


class NoteType(TextChoices):
    GENERAL = "general", _("General")
    SUPPORT = "support", _("Support")
    SALES = "sales", _("Sales")
    BILLING = "billing", _("Billing")


class SignalKind(TextChoices):
    BUYING = "buying", _("Buying")
    COMPETITIVE = "competitive", _("Competitive")
    RISK = "risk", _("Risk")
    EXPANSION = "expansion", _("Expansion")


class CompetitorStanding(TextChoices):
    MENTIONED = "mentioned", _("Mentioned")
    EVALUATED = "evaluated", _("Being evaluated")
    INCUMBENT = "incumbent", _("In use")
    REPLACED = "replaced", _("Replaced by us")
    LOST_TO = "lost_to", _("Lost to")


class CriterionOperator(TextChoices):
    IN = "in", _("is one of")
    AT_LEAST = "at_least", _("is at least")
    AT_MOST = "at_most", _("is at most")
    BETWEEN = "between", _("is between")
    FILLED = "filled", _("is known")


class Channel(TextChoices):
    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")
    SMS = "sms", _("SMS")
    PUSH = "push", _("Push")
    TELEGRAM = "telegram", _("Telegram")


class Frequency(TextChoices):
    IMMEDIATE = "immediate", _("At once")
    DAILY_DIGEST = "daily_digest", _("Once a day")
    WEEKLY_DIGEST = "weekly_digest", _("Once a week")


class MessageCategory(TextChoices):
    """What a message is about; each category has its flag among the preferences."""

    MARKETING = "marketing", _("Marketing")
    PROMOTION = "promotion", _("Promotional offers")
    NEWSLETTER = "newsletter", _("Newsletter")
    LOYALTY = "loyalty", _("Loyalty updates")
    SURVEY = "survey", _("Survey invitations")
    RECEIPT = "receipt", _("Transaction receipts")
    SERVICE = "service", _("Messages that the service itself needs")


class ConsentBasis(TextChoices):
    CONSENT = "consent", _("Consent")
    CONTRACT = "contract", _("Contract")
    LEGITIMATE_INTEREST = "legitimate_interest", _("Legitimate interest")


class ConsentState(TextChoices):
    GIVEN = "given", _("Given")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ConsentSource(TextChoices):
    STAFF = "staff", _("Entered by staff")
    LINK = "link", _("The customer's own page")
    API = "api", _("An integration")
    IMPORT = "import", _("An import")


class SendOutcome(TextChoices):
    ALLOW = "allow", _("Send now")
    DELAY = "delay", _("Wait until")
    DIGEST = "digest", _("Put into the digest of")
    SUPPRESS = "suppress", _("Don't send")


class PrivacyRequestKind(TextChoices):
    ERASURE = "erasure", _("Erasure")


class PrivacyRequestState(TextChoices):
    RECEIVED = "received", _("Received")
    DECLINED = "declined", _("Declined")


class BulkState(TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")


class BulkResult(TextChoices):
    CHANGED = "changed", _("Changed")
    BLOCKED = "blocked", _("Blocked")
    UNDONE = "undone", _("Undone")
    CONFLICT = "conflict", _("Changed since; left as it is")


TAG_COLORS = (
    ("#64748b", _("Slate")), ("#dc2626", _("Red")), ("#c2570c", _("Orange")), ("#a16207", _("Amber")), ("#15803d", _("Green")),
    ("#0d9488", _("Teal")), ("#0284c7", _("Sky")), ("#2563eb", _("Blue")), ("#8b5cf6", _("Violet")), ("#db2777", _("Pink")),
)  # fmt: skip
"""Colors that are offered for tags: each stands out by 3 : 1 at least from light and from dark grounds."""
