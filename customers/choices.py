"""Fixed words of the customers app."""

from django.db.models import TextChoices
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
