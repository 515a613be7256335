"""What the queue calls."""

from typing import Any, cast
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from commerce import services
from crm import clock
from crm.models import Business
from crm.scope import scope
from crm.work import JobRun


def rebuild_revenue(work: JobRun) -> dict[str, Any]:
    """Sum revenue by day anew, as after a change of the business's time zone."""
    with work.atomic(last=True):
        work.result = {"days": services.refresh_revenue()}
    return work.result


def rebuild_headlines(work: JobRun) -> dict[str, Any]:
    """Set the lifetime value of all customers to the one that the business has chosen."""
    with work.atomic(last=True):
        work.result = {"customers": services.refresh_headlines()}
    return work.result


def predict_values(work: JobRun) -> dict[str, Any]:
    """Predict the values of the business's customers anew; the estimates of before stand until all are written."""
    with work.atomic(last=True):
        business = cast(Business, work.business)
        model = services.predict_values(actor=work.actor, business=business, at=clock.now(), report=work.report)
        work.result = {"customers": model.customer_count, "version": model.version} if model else {"customers": 0}
    return work.result


def predict_all_values(work: JobRun) -> dict[str, Any]:
    """Have the values of every business predicted, by a job each."""
    asked = 0
    for business in Business.objects.filter(is_active=True).order_by("slug"):
        with scope(business):
            asked += services.ask_for_prediction(actor=work.actor, business=business) is not None
    return {"businesses": asked}


def prove_figures(work: JobRun) -> dict[str, Any]:
    """Compare the stored figures of the business with its records; where any differs, the job is refused and people are told."""
    business = cast(Business, work.business)
    found = services.prove_figures()
    with work.atomic(last=True):
        work.result = {"differing": found}
        if found:
            work.refused = _("Figures differ from the records: %(figures)s.") % {
                "figures": services.differences_in_words(found)
            }
            href = reverse("crm:job", args=[work.id])
            services.tell_of_differences(actor=work.actor, business=business, found=found, href=href)
    return work.result


def prove_all_figures(work: JobRun) -> dict[str, Any]:
    """Have the figures of every business proven, by a job each."""
    asked = 0
    for business in Business.objects.filter(is_active=True).order_by("slug"):
        with scope(business):
            asked += services.ask_for_proof(actor=work.actor, business=business) is not None
    return {"businesses": asked}


def slide_windows(work: JobRun) -> dict[str, Any]:
    """Let the rolling figures of every business whose day has ended stand at the new one."""
    at, changed = clock.now(), 0
    for business in Business.objects.filter(is_active=True).order_by("slug"):
        day = clock.today(business.time_zone, at)
        with scope(business), work.atomic():
            changed += services.slide_windows(actor=work.actor, business=business, day=day)["changed"]
    return {"changed": changed}


def compute_patterns(work: JobRun) -> dict[str, Any]:
    """Compute the order patterns of the business anew; those of before stand until it is done."""
    with work.atomic(last=True):
        business = cast(Business, work.business)
        found = services.compute_patterns(actor=work.actor, business=business, at=clock.now(), report=work.report)
        work.result = {"customers": found.customer_count}
    return work.result


def compute_all_patterns(work: JobRun) -> dict[str, Any]:
    """Have the order patterns of every business in whose zone it is three at night computed, by a job each."""
    asked = 0
    for business in businesses_at(3):
        with scope(business):
            asked += services.ask_for_patterns(actor=work.actor, business=business) is not None
    return {"businesses": asked}


def tell_order_gaps(work: JobRun) -> dict[str, Any]:
    """Tell the owners of customers of new order gaps, in every business in whose zone it is six in the morning."""
    gaps = 0
    for business in businesses_at(6):
        with scope(business), work.atomic():
            gaps += services.tell_order_gaps(actor=work.actor, business=business, at=clock.now())["gaps"]
    return {"gaps": gaps}


def compute_cross_sell(work: JobRun) -> dict[str, Any]:
    """Reckon products' sales and what is bought together; those of before stand until it is done."""
    with work.atomic(last=True):
        business = cast(Business, work.business)
        run = services.compute_cross_sell(actor=work.actor, business=business, at=clock.now(), report=work.report)
        work.result = {"customers": run.customer_count, "pairs": run.product_pairs, "categories": run.category_pairs}
    return work.result


def compute_all_cross_sell(work: JobRun) -> dict[str, Any]:
    """Have what is bought together reckoned in every business in whose zone it is two at night, by a job each."""
    asked = 0
    for business in businesses_at(2):
        with scope(business):
            asked += services.ask_for_cross_sell(actor=work.actor, business=business) is not None
    return {"businesses": asked}


def businesses_at(hour: int) -> list[Business]:
    """The active businesses in whose zone it is that hour now."""
    now = clock.now()
    found = Business.objects.filter(is_active=True).order_by("slug")
    return [business for business in found if now.astimezone(ZoneInfo(business.time_zone)).hour == hour]
