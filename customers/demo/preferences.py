"""Demo preferences: some four in ten customers have chosen something, with consents for what they have turned on."""

from typing import Any

from django.db import connection

from crm.demo.bulk import count_anew
from crm.demo.plan import DemoPlan
from customers.queries.preferences import FLAGS

_PREFERENCES = """
insert into customers_communicationpreference (
    id, created_at, updated_at, business_id, customer_id, email_marketing, sms_marketing, push_notifications, loyalty_updates,
    transaction_receipts, promotional_offers, survey_invitations, newsletter_subscription, frequency, preferred_channel, time_zone,
    quiet_hours_start, quiet_hours_end, digest_at, digest_weekday, paused_until)
select {id}, at, at, %(business)s, d.id, {email} < 0.62, d.phone <> '' and {sms} < 0.24, {push} < 0.18, {loyalty} < 0.55,
       {receipts} < 0.97, {offers} < 0.45, {surveys} < 0.2, {newsletter} < 0.5,
       case when {often} < 0.72 then 'immediate' when {often} < 0.88 then 'daily_digest' else 'weekly_digest' end,
       case when d.phone <> '' and {channel} < 0.15 then 'sms' when d.phone <> '' and {channel} < 0.22 then 'phone' else 'email' end,
       %(zone)s, case when {quiet} < 0.3 then time '22:00' end, case when {quiet} < 0.3 then time '08:00' end, time '09:00', 1,
       case when {paused} < 0.02 then (%(today)s::date + 10 + {pause})::timestamp at time zone %(zone)s end
from demo_customers d
cross join lateral (select (least(d.acquired_on + {later}, %(today)s::date - 1) + time '11:00') at time zone %(zone)s as at) t
where {chosen} < 0.4
"""

_CONSENTS = """
insert into customers_consentrecord (
    business_id, customer_id, purpose, channel, state, basis, text_version, evidence, source, given_at, recorded_at, actor_label)
select p.business_id, p.customer_id, f.purpose, f.channel, 'given', 'consent', 'web form 2', 'Ticked on the web form at registration',
       'import', p.created_at, p.created_at, 'Web shop'
from customers_communicationpreference p
cross join lateral (values {flags}) f(is_on, purpose, channel)
where p.business_id = %(business)s and f.is_on
order by p.created_at, p.id, f.purpose, f.channel
"""


def fill_preferences(plan: DemoPlan) -> None:
    """Preferences of some customers of `demo_customers`, and the consents that their flags need."""
    chance = plan.chance

    def unit(name: str) -> str:
        return chance.unit("d.n", f"preference {name}")

    preferences = _PREFERENCES.format(
        id=chance.uuid("d.n", "preference", "t.at"), email=unit("email"), sms=unit("sms"), push=unit("push"),
        loyalty=unit("loyalty"), receipts=unit("receipts"), offers=unit("offers"), surveys=unit("surveys"),
        newsletter=unit("newsletter"), often=unit("often"), channel=unit("channel"), quiet=unit("quiet"), paused=unit("paused"),
        pause=chance.number("d.n", "preference pause", 60), later=chance.number("d.n", "preference later", 200),
        chosen=unit("chosen"),
    )  # fmt: skip
    flags = ", ".join(f"(p.{flag.name}, '{flag.purpose}', '{flag.channel}')" for flag in FLAGS.values() if flag.purpose)
    parameters: dict[str, Any] = {"business": plan.business.pk, "zone": plan.business.time_zone, "today": plan.today}
    with connection.cursor() as cursor:
        cursor.execute(preferences, parameters)
        cursor.execute(_CONSENTS.format(flags=flags), parameters)
    count_anew("customers.CommunicationPreference", "customers.ConsentRecord")
