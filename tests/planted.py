"""Objects of a business that carry a marker in every text, and the addresses that lead to them."""

import hashlib
import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.files.base import ContentFile
from django.db import connection

from commerce.models import Product, ProductCategory
from commerce.services import create_deal, record_payment
from crm import clock
from crm.actor import Actor
from crm.models import (
    Activity,
    ApiKey,
    Business,
    ExchangeRate,
    Invitation,
    Job,
    Notification,
    SavedView,
    Schedule,
    Team,
)
from crm.operations import Operation
from crm.scope import scope
from customers import services
from customers.models import ImportChange
from tests.factories import (
    make_customer,
    make_file,
    make_invoice,
    make_membership,
    make_note,
    make_order,
    make_session,
    make_subscription,
)

MARKER = "CANARY"

# The word of an address -> the kind of object that its id names.
KINDS = {
    "customers": "customer", "imports": "import", "orders": "order", "deals": "deal",
    "products": "product", "product-categories": "category", "subscriptions": "subscription", "invoices": "invoice", "payments": "payment",
    "jobs": "job", "teams": "team", "api-keys": "api_key",
    "notifications": "notification", "schedules": "schedule", "people": "member",
    "invitations": "invitation", "exchange-rates": "rate", "activity": "activity", "sessions": "session",
    "views": "view", "saved-views": "view",
    "bulk-changes": "bulk_run", "accounts": "customer", "lifecycle": "stage_change", "contacts": "contact",
    "notes": "note", "files": "file",
    "tags": "tag", "custom-fields": "custom_field", "privacy-requests": "privacy_request",
    "technologies": "technology", "signals": "signal", "competitors": "competitor", "ideal-customer": "criterion",
    "icp-criteria": "criterion",
}  # fmt: skip
# The word of an address -> a text that fits behind it.
TEXTS = {"fields": "city"}


def objects_of(business: Business) -> dict[str, Any]:
    """One object of each kind in the business, by kind."""
    customer = make_customer(
        business, kind="company", display_name=f"{MARKER} customer", city=f"{MARKER} city", country=f"{MARKER}land",
        phone="+44 20 7946 0999",
        industry=f"{MARKER} industry", external_id=f"{MARKER}-{business.slug}-{make_membership(business, 'analyst').pk}",
    )  # fmt: skip
    with scope(business):
        order = make_order(customer, number=f"{MARKER}-{customer.pk}", currency=business.currency, lines=2)
        category = ProductCategory.objects.create(business=business, name=f"{MARKER} category {customer.pk}")
        product = Product.objects.create(
            business=business, code=f"{MARKER}-{customer.pk}", name=f"{MARKER} product", category=category
        )
        file = ContentFile(f"external_id,first_name\n{MARKER},x\n".encode(), name=f"{MARKER}.csv")
        job = services.start_import(actor=Actor.system("test"), business=business, file=file)
        contact = services.add_contact(
            actor=Actor.system("test"), customer=customer, first_name=MARKER, last_name=f"contact {customer.pk}",
            title=f"{MARKER} title", email=f"{MARKER.lower()}{customer.pk}@example.com", role="champion", influence=3,
        )  # fmt: skip
        ImportChange.objects.create(
            business=business,
            import_job=job,
            customer=customer,
            before={"city": f"{MARKER} before"},
            after={"city": f"{MARKER} city"},
        )
        number = str(customer.pk)
        tag = services.create_tag(actor=Actor.system("test"), business=business, name=f"{MARKER} tag {number}")
        services.tag_customer(actor=Actor.system("test"), customer=customer, tag=tag)
        field = services.create_custom_field(
            actor=Actor.system("test"),
            business=business,
            key=f"f{customer.pk.hex}",
            label=f"{MARKER} field",
            type="text",
        )
        system, at = Actor.system("test"), clock.now()
        technology = services.add_technology(
            actor=system, customer=customer, at=at, name=f"{MARKER} technology", source=f"{MARKER} source"
        )
        signal = services.add_signal(
            actor=system, customer=customer, at=at, kind="risk", text=f"{MARKER} signal", source=f"{MARKER} source"
        )
        competitor = services.add_competitor(
            actor=system, customer=customer, at=at, name=f"{MARKER} rival", source=f"{MARKER} source"
        )
        services.assess_customer(actor=system, customer=customer, at=at, need=1, need_evidence=f"{MARKER} evidence")
        criterion = services.create_criterion(
            actor=system,
            business=business,
            field="industry",
            operator="in",
            value=[f"{MARKER} industry"],
            name=f"{MARKER} criterion",
        )
        subscription = make_subscription(customer, plan=f"{MARKER} plan", source=MARKER, external_id=number)
        invoice = make_invoice(
            customer, number=f"{MARKER}-I{number}", note=f"{MARKER} invoice", subscription=subscription
        )
        invoice, payment = record_payment(
            actor=system, invoice=invoice, at=at, amount=Decimal(40), reference=f"{MARKER} reference"
        )
        note = make_note(customer, f"{MARKER} note")
        kept = make_file(customer, f"{MARKER}.txt", f"{MARKER} file".encode(), description=f"{MARKER} description")
        gone = make_customer(business, display_name=f"{MARKER} gone")
        gone_request = services.request_erasure(actor=Actor.system("test"), customer=gone, at=clock.now())
        rate = ExchangeRate.objects.filter(currency="JPY").first() or ExchangeRate.objects.create(
            business=business, currency="JPY", valid_on="2026-01-01", rate="0.005"
        )
        deal, _created = create_deal(
            actor=system, business=business, at=at, name=f"{MARKER} deal {number}", customer=customer, contact=contact,
            competitor=f"{MARKER} rival", next_step=f"{MARKER} step", source=MARKER, external_id=f"{MARKER}-{number}",
            expected_close_on=at.date(), kind="expansion", amount=Decimal(1234),
        )  # fmt: skip
        return {
            "customer": customer, "order": order, "deal": deal, "subscription": subscription, "invoice": invoice, "payment": payment,
            "product": product, "category": category,
            "import": job, "contact": contact, "note": note, "file": kept,
            "job": Job.objects.get(pk=job.job_id),
            "member": make_membership(business, "agent"),
            "notification": Notification.objects.create(
                business=business, user=make_membership(business, "agent").user, kind="crm.job_done", title=f"{MARKER} is done",
            ),
            "schedule": Schedule.objects.create(
                business=business, key=f"{MARKER} {number}", task="crm.tasks.seal_trails", cron="0 3 * * *",
            ),
            "team": Team.objects.create(business=business, name=f"{MARKER} team {number}"),
            "rate": rate, "tag": tag, "custom_field": field, "technology": technology, "signal": signal, "competitor": competitor,
            "criterion": criterion, "privacy_request": gone_request,
            "stage_change": services.change_stage(
                actor=Actor.system("test"), customer=customer, stage="expansion", effective_at=clock.now(), at=clock.now(),
                reason=f"{MARKER} reason",
            ),
            "view": SavedView.objects.create(
                business=business, page="customers:customer_list", name=f"{MARKER} view", query="kind=company",
                owner=make_membership(business, "agent").user,
            ),
            "bulk_run": services.start_bulk_run(
                actor=Actor.system("test"), business=business, action="stage", values={"stage": "active", "reason": MARKER},
                customer_ids=[customer.pk],
            ),
            "activity": Activity.objects.filter(about=customer.pk).latest("id"),
            "session": make_session(make_membership(business, "agent").user),
            "api_key": ApiKey.objects.create(business=business, name=f"{MARKER} key", prefix=number[-8:], digest=b"x" * 32),
            "invitation": Invitation.objects.create(
                business=business, email=f"{MARKER.lower()}@example.com", role="agent",
                token_digest=hashlib.sha256(number.encode()).digest(),
                expires_at="2099-01-01T00:00Z",
            ),
        }  # fmt: skip


def address(operation: Operation, objects: dict[str, Any] | UUID) -> str:
    """The operation's address with its ids filled in: of the planted objects, or one random id everywhere."""
    parts = operation.path.split("/")
    for place, part in enumerate(parts):
        if re.fullmatch(r"<uuid:\w+>", part):
            parts[place] = str(objects if isinstance(objects, UUID) else objects[KINDS[parts[place - 1]]].pk)
        elif re.fullmatch(r"<int:\w+>", part):
            parts[place] = str(2**62 if isinstance(objects, UUID) else objects[KINDS[parts[place - 1]]].pk)
        elif part.startswith("<"):
            parts[place] = TEXTS.get(parts[place - 1], "x")
    return "/".join(parts)


def status_of(answer: Any) -> int:
    """The status of an answer, which is read to its end: a file that is sent is closed by then."""
    answer.getvalue()
    return int(answer.status_code)


READ_MARKS = {"crm_accessrecord", "customers_customervisit"}
"""Tables that note who has looked."""


def fingerprint(business: Business) -> str:
    """A digest of all rows of the business, those that note who has looked left out."""
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            if any(f.name == "business" for f in model._meta.fields) and table not in READ_MARKS:
                cursor.execute(
                    f'select md5(string_agg(t::text, chr(10) order by t::text)) from "{table}" t where business_id = %s',
                    [business.pk],
                )
                digest.update(f"{table}{cursor.fetchone()}".encode())
    return digest.hexdigest()
