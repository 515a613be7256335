"""`manage.py seal_audit`: seals the activity that has settled."""

from typing import Any

from django.core.management.base import BaseCommand

from crm import seals
from crm.models import Business


class Command(BaseCommand):
    help = "Seal the rows of the activity trail that no running transaction can still add to."

    def handle(self, *args: Any, **options: Any) -> None:
        for business in Business.objects.order_by("name"):
            self.stdout.write(f"{business.name}: {seals.seal(business):,} rows sealed")
