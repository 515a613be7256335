"""The other vocabularies of the lifecycle: what each calls the place where a customer stands, and what may be written through it.

One table holds them all. Its rules are read from the top: the first that holds gives the word, the last one always holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.clock import today
from crm.errors import InvalidInput
from crm.models import Business
from crm.registry import Text
from customers.choices import Kind
from customers.choices import LifecycleStage as Stage
from customers.models import Customer

INACTIVE_AFTER_DAYS, LOYAL_AFTER_ORDERS = 180, 5
"""What the settings of a business say unless they are changed."""

CAUSES: dict[str, Text] = {
    "archived": gettext_lazy("the customer is archived"),
    "dormant": gettext_lazy("there is no order of the last %(days)d days"),
    "no_order": gettext_lazy("there is no order yet"),
    "loyal": gettext_lazy("there are %(orders)d orders or more"),
}
"""What a word follows from that nobody enters."""


@dataclass(frozen=True)
class Rule:
    """A word for customers who stand in one of the stages and of whom the cause is true; to write it is to enter `enters`."""

    word: str
    stages: tuple[str, ...] = tuple(Stage.values)
    cause: str = ""
    enters: str = ""

    @property
    def stage_entered(self) -> str:
        return "" if self.cause else self.enters or self.stages[0]


ACCOUNT_STATUS, CUSTOMER_STATUS, RELATIONSHIP = "account_status", "customer_status", "relationship"
ACTIVITY, PLAYBOOK, BASIC = "activity", "playbook", "basic"

VOCABULARIES: Mapping[str, Sequence[Rule]] = {
    ACCOUNT_STATUS: (
        Rule("onboarding", (Stage.ONBOARDING,)),
        Rule("active", (Stage.ACTIVE, Stage.EXPANSION)),
        Rule("at_risk", (Stage.CHURN_RISK,)),
        Rule("churned", (Stage.CHURNED,)),
        Rule("prospect", (Stage.PROSPECT, Stage.OPPORTUNITY)),
    ),
    CUSTOMER_STATUS: (
        Rule("prospect", (Stage.PROSPECT, Stage.OPPORTUNITY)),
        Rule("churned", (Stage.CHURNED,)),
        Rule("inactive", cause="archived"),
        Rule("inactive", cause="dormant"),
        Rule("active", enters=Stage.ACTIVE),
    ),
    RELATIONSHIP: (
        Rule("lost", (Stage.CHURNED,)),
        Rule("at_risk", (Stage.CHURN_RISK,)),
        Rule("lead", cause="no_order"),
        Rule("loyal", cause="loyal"),
        Rule("customer", enters=Stage.ACTIVE),
    ),
    ACTIVITY: (
        Rule("inactive", cause="archived"),
        Rule("active", enters=Stage.ACTIVE),
    ),
    PLAYBOOK: (
        Rule("prospect", (Stage.PROSPECT,)),
        Rule("opportunity", (Stage.OPPORTUNITY,)),
        Rule("customer", (Stage.ONBOARDING, Stage.ACTIVE, Stage.EXPANSION)),
        Rule("churn_risk", (Stage.CHURN_RISK, Stage.CHURNED)),
    ),
    BASIC: (
        Rule("prospect", (Stage.PROSPECT, Stage.OPPORTUNITY)),
        *(Rule(stage.value, (stage.value,)) for stage in Stage if stage not in (Stage.PROSPECT, Stage.OPPORTUNITY)),
    ),
}
"""The status of an account, a customer's status and relationship, whether a customer is active, the phases of the account playbook,
and the six basic stages."""

STATUS_OF: Mapping[str, str] = {Kind.COMPANY: ACCOUNT_STATUS, Kind.PERSON: CUSTOMER_STATUS}
"""Which of them the status of a customer is read from, by its kind."""


@dataclass(frozen=True)
class Standing:
    """What the words follow from. `last_order_at` is that of the last order or, without one, since when somebody is a customer."""

    stage: str
    is_archived: bool = False
    order_count: int = 0
    last_order_at: datetime | None = None


@dataclass(frozen=True)
class Bounds:
    """What a business calls dormant and loyal: without an order since `dormant_before`, and from `loyal_orders` on."""

    dormant_before: datetime
    inactive_days: int
    loyal_orders: int

    @classmethod
    def of(cls, business: Business, at: datetime) -> "Bounds":
        """Of the business at a moment; days count in its time zone."""
        settings = business.settings.get("lifecycle", {})
        days = settings.get("inactive_after_days", INACTIVE_AFTER_DAYS)
        first = today(business.time_zone, at) - timedelta(days=days)
        start = datetime.combine(first, time(), tzinfo=ZoneInfo(business.time_zone))
        return cls(start, days, settings.get("loyal_after_orders", LOYAL_AFTER_ORDERS))

    def words(self, cause: str) -> str:
        """A cause in words."""
        return str(CAUSES[cause]) % {"days": self.inactive_days, "orders": self.loyal_orders}


def standing_of(customer: Customer) -> Standing:
    """Where a customer stands, from its row and facts."""
    facts = customer.facts
    return Standing(
        customer.lifecycle_stage, customer.is_archived, facts.order_count, facts.last_order_at or customer.created_at
    )


def read(vocabulary: str, standing: Standing, bounds: Bounds) -> str:
    """The word of the vocabulary for where a customer stands."""
    return _rule(vocabulary, standing, bounds).word


def write(vocabulary: str, word: str, standing: Standing, bounds: Bounds, field: str) -> str:
    """The stage that a customer must enter so that the vocabulary says `word`; "" when it does already.

    Raises InvalidInput at `field` for an unknown word, and for one that follows from what nobody enters here.
    """
    rules = VOCABULARIES[vocabulary]
    if word not in words_of(vocabulary):
        raise InvalidInput({field: [_("Give one of: %(words)s.") % {"words": ", ".join(words_of(vocabulary))}]})
    if read(vocabulary, standing, bounds) == word:
        return ""
    stage = next((rule.stage_entered for rule in rules if rule.word == word and rule.stage_entered), "")
    if not stage:
        causes = [bounds.words(rule.cause) for rule in rules if rule.word == word]
        message = _("“%(word)s” can't be set: it follows when %(causes)s.")
        raise InvalidInput({field: [message % {"word": word, "causes": _(" or ").join(causes)}]})
    after = Standing(stage, standing.is_archived, standing.order_count, standing.last_order_at)
    outcome = _rule(vocabulary, after, bounds)
    if outcome.word != word:
        message = _("“%(word)s” can't be set: the customer would still be “%(other)s”, because %(cause)s.")
        values = {"word": word, "other": outcome.word, "cause": bounds.words(outcome.cause)}
        raise InvalidInput({field: [message % values]})
    return stage


def words_of(vocabulary: str) -> list[str]:
    """The words of a vocabulary, each once."""
    return list(dict.fromkeys(rule.word for rule in VOCABULARIES[vocabulary]))


def stage_of(vocabulary: str, word: str) -> str:
    """The stage in which a new customer begins that is added with the word; "" for one that follows from what nobody enters."""
    return next((r.stage_entered for r in VOCABULARIES[vocabulary] if r.word == word and r.stage_entered), "")


def called(rows: QuerySet[Any], vocabulary: str, word: str, bounds: Bounds) -> QuerySet[Any]:
    """Those of the customers for whom the vocabulary says `word`."""
    rows, says = _saying(rows, vocabulary, word, bounds)
    return rows.filter(says)


def with_status(rows: QuerySet[Any], word: str, bounds: Bounds) -> QuerySet[Any]:
    """The companies that are accounts of this status, and the people who are customers of this status."""
    found = Q(pk__in=[])
    for kind, vocabulary in STATUS_OF.items():
        if word in words_of(vocabulary):
            rows, says = _saying(rows, vocabulary, word, bounds)
            found |= Q(kind=kind) & says
    return rows.filter(found)


def _saying(rows: QuerySet[Any], vocabulary: str, word: str, bounds: Bounds) -> tuple[QuerySet[Any], Q]:
    """The rows, and the condition by which the vocabulary says `word` of one."""
    rules = VOCABULARIES[vocabulary]
    first_cause = next((place for place, rule in enumerate(rules) if rule.cause), len(rules))
    plain = [stage for rule in rules[:first_cause] if rule.word == word for stage in rule.stages]
    if plain:
        return rows, Q(lifecycle_stage__in=plain)
    cases = [When(_condition(rule, bounds), then=Value(rule.word)) for rule in rules[:-1]]
    found = Case(*cases, default=Value(rules[-1].word), output_field=CharField())
    return rows.alias(**{f"{vocabulary}_word": found}), Q(**{f"{vocabulary}_word": word})


def _rule(vocabulary: str, standing: Standing, bounds: Bounds) -> Rule:
    return next(rule for rule in VOCABULARIES[vocabulary] if _holds(rule, standing, bounds))


def _holds(rule: Rule, standing: Standing, bounds: Bounds) -> bool:
    if standing.stage not in rule.stages:
        return False
    match rule.cause:
        case "archived":
            return standing.is_archived
        case "dormant":
            return standing.last_order_at is None or standing.last_order_at < bounds.dormant_before
        case "no_order":
            return standing.order_count == 0
        case "loyal":
            return standing.order_count >= bounds.loyal_orders
    return True


def _condition(rule: Rule, bounds: Bounds) -> Any:
    """What `_holds` asks, as the database does."""
    within = Q(lifecycle_stage__in=rule.stages)
    match rule.cause:
        case "archived":
            return within & Q(archived_at__isnull=False)
        case "dormant":
            last = Q(facts__last_order_at__lt=bounds.dormant_before)
            return within & (last | Q(facts__last_order_at__isnull=True, created_at__lt=bounds.dormant_before))
        case "no_order":
            return within & Q(facts__order_count=0)
        case "loyal":
            return within & Q(facts__order_count__gte=bounds.loyal_orders)
    return within
