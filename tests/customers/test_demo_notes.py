"""What the demo customers have in notes and files."""

from datetime import date

from django.db.models import F

from crm.demo import demo_businesses, make_demo
from crm.scope import scope
from customers.demo.notes import FILES
from customers.models import Attachment, Customer, Note


def test_some_demo_customers_have_notes_and_a_few_have_files(db: None) -> None:
    make_demo(customers=1500, seed=1, today=date(2026, 11, 21))
    for business in demo_businesses():
        with scope(business):
            customers = Customer.objects.filter(is_unidentified=False).count()
            noted = Note.objects.values("customer").distinct().count()
            assert 0.05 < noted / customers < 0.25
            assert Note.objects.filter(is_pinned=True).exists()
            assert Note.objects.filter(created_by=None).count() == 0
            assert not Note.objects.filter(created_at__lt=F("customer__created_at")).exists()
            assert Attachment.objects.count() == len(FILES)
            for file in Attachment.objects.all():
                with file.file.open() as opened:
                    assert len(opened.read()) == file.size
