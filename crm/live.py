"""What moves while people look at a page: their unread notifications, their jobs under way, whether background work stands
still, new activity. One query, asked again and again."""

from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import QuerySet

from crm.actor import Actor
from crm.models import Business, Notification
from crm.services.notifications import own_notifications

STILL_SECONDS = 60
"""Background work stands still when no worker was seen for this long, or work that is due has waited so long without any."""
MOST_NEWS = 100
MOST_TOASTS = 3
_FAR = 10**16

_PULSE = """
select n.unread, n.latest,
    (select count(*) from crm_job
     where actor_kind = 'user' and actor_id = %(user)s and business_id = %(business)s and state in ('queued', 'running')),
    coalesce(
        (select max(seen_at) from crm_worker),
        least((select min(run_after) from crm_job where state = 'queued'), (select min(next_due_at) from crm_schedule where is_active))
    ) < clock_timestamp() - %(still)s * interval '1 second',
    (select count(*) from (
        select from crm_activity where business_id = %(business)s and id > %(since)s limit %(most)s
    ) a)
from (
    select count(*) as unread, coalesce((extract(epoch from max(created_at)) * 1000000)::bigint, 0) as latest
    from crm_notification
    where user_id = %(user)s::uuid and read_at is null and (business_id = %(business)s or business_id is null)
) n
"""


@dataclass(frozen=True)
class Pulse:
    """`latest`: when the newest unread notification came, in microseconds since 1970; `news`: activity since it was asked."""

    unread: int = 0
    latest: int = 0
    under_way: int = 0
    stands_still: bool = False
    news: int = 0

    @property
    def version(self) -> str:
        """Differs whenever something to show does."""
        return ".".join(str(int(value)) for value in astuple(self))


def pulse(*, actor: Actor, business: Business | None, since: int | None = None) -> Pulse:
    """How things stand for the signed-in person; `since` is the id of the newest activity that the person has seen."""
    values = {
        "user": actor.id, "business": business.pk if business else None, "since": since, "still": STILL_SECONDS, "most": MOST_NEWS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PULSE, values)
        unread, latest, under_way, still, news = cursor.fetchone()
    return Pulse(unread, latest, under_way, bool(still), news)


def arrived(*, actor: Actor, business: Business, after: int) -> QuerySet[Notification]:
    """The newest few unread notifications that came after the moment `after`, in microseconds since 1970."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=min(after, _FAR))
    rows = own_notifications(actor=actor, business=business).filter(read_at=None, created_at__gt=moment)
    return rows.order_by("-created_at")[:MOST_TOASTS]
