"""Lists as people like to see them: filters, search and sort under a name."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from crm.constraints import SameBusiness
from crm.errors import explain_constraint
from crm.models.base import BusinessModel
from crm.models.business import Team, User


class Audience(models.TextChoices):
    OWN = "own", _("Only me")
    TEAM = "team", _("My team")
    EVERYONE = "everyone", _("Everyone in the business")


class SavedView(BusinessModel):
    """The address of a list (`query`, without cursor and page) under a name, for its owner, a team or everyone."""

    page = models.CharField(max_length=80, help_text=_("Name of the list's address."))
    name = models.CharField(_("name"), max_length=80)
    query = models.CharField(max_length=2000, blank=True)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name=_("owner"))
    audience = models.CharField(_("who sees it"), max_length=8, choices=Audience, default=Audience.OWN)
    team = models.ForeignKey(
        Team,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("team"),
    )

    class Meta(BusinessModel.Meta):
        ordering = ["name"]
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("team"),
            models.UniqueConstraint("business", "owner", "page", Lower("name"), name="crm_savedview_name_unique"),
            models.CheckConstraint(
                condition=models.Q(audience__in=Audience.values), name="crm_savedview_audience_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(audience="team") | models.Q(team__isnull=False), name="crm_savedview_team_named"
            ),
        ]
        indexes = [models.Index(fields=["business", "page"], name="crm_savedview_page")]

    def __str__(self) -> str:
        return self.name


class DefaultView(BusinessModel):
    """The saved view with which a list opens for a user."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=80)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, db_constraint=False, related_name="+")

    class Meta(BusinessModel.Meta):
        verbose_name = _("default view")
        verbose_name_plural = _("default views")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("view"),
            models.UniqueConstraint(fields=["business", "user", "page"], name="crm_defaultview_once"),
        ]

    def __str__(self) -> str:
        return self.page


class SavedViewPin(BusinessModel):
    """A saved view that a user has pinned: it stands first above its list, and in the sidebar."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, db_constraint=False, related_name="+")

    class Meta(BusinessModel.Meta):
        ordering = ["created_at"]
        verbose_name = _("pinned view")
        verbose_name_plural = _("pinned views")
        constraints = [
            *BusinessModel.Meta.constraints,
            SameBusiness("view"),
            models.UniqueConstraint(fields=["business", "user", "view"], name="crm_savedviewpin_once"),
        ]

    def __str__(self) -> str:
        return str(self.view_id)


explain_constraint(
    "crm_savedview_name_unique", field="name", code="duplicate", message=_("You have a view of this name already.")
)
