"""The fuzzer's check that a request which fits the schema is accepted, with the reasons why one may still be refused.

It stands in for `positive_data_acceptance`, which only looks at the status and so would let every 422 pass.
"""

import json
from typing import Any
from uuid import UUID

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.generation.meta import REQUEST_SHAPE_PROBES, coverage_scenario

# Refusals that no schema can express, by code; the request is well formed, but what is stored or sent beside it decides.
REASONS = frozenset(
    {
        "bulk_refused",  # one of the operations met a refusal, and all were asked for
        "unknown_id",  # the id fits, but names nobody
        "idempotency_key_reused",  # the key was sent with another request before
        "one_of",  # of two fields one is needed
        "unreachable",  # a new person needs one of two fields, and neither may be blank
        "bad_cursor",  # a cursor comes from an earlier answer to the same sort
    }
)
# Fields whose refusals, also those of what they hold, depend on more than the value's form.
FIELDS = {
    "page": "a page and a cursor exclude each other, and pages end at row 10,000",
    "file": "what a file holds is not part of the schema",
    "display_name": "a customer needs a name in one of three fields",
    "custom_values": "which of them there are, and what they take, each business says itself",
    "values": "what a bulk change takes, each deed says itself, and its tags and people may be gone",
    "ids": "a bulk change takes either ids or a filter",
    "field": "which facts there are, each business says itself by its custom fields",
    "until": "of two days the second must not lie before the first",
    "tags": "a name among them may be that of no tag",
    "key": "some names are those of columns already",
    "choices": "they belong to two types of fields, and none is given twice",
    "is_unique": "only some types of fields have values that can be unique, and stored ones may not be",
    "is_required": "stored customers may lack a value",
    **dict.fromkeys(
        ("bought", "not_bought", "bought_category", "not_bought_category"),
        "which products and categories there are, each business says itself",
    ),
}
ALLOWED = frozenset({401, 403, 404, 409, 412, 429})


class RefusedWellFormed(Failure):
    """A request that fits the schema was refused for a reason that the schema could have told."""


@schemathesis.check
def well_formed_is_accepted(ctx: Any, response: Any, case: Any) -> None:
    if (
        case.meta is None
        or not case.meta.generation.mode.is_positive
        or coverage_scenario(case) in REQUEST_SHAPE_PROBES
    ):
        return
    if response.status_code < 400 or response.status_code >= 500 or response.status_code in ALLOWED:
        return
    faults = unexplained(json.loads(response.content), case.query or {}, case.body)
    if faults:
        raise RefusedWellFormed(
            operation=case.operation.label,
            title="A well-formed request was refused",
            message="\n".join(f"{fault['field']}: {fault['code']} {fault.get('message', '')}" for fault in faults),
        )


def unexplained(problem: dict[str, Any], query: dict[str, Any], body: Any) -> list[dict[str, Any]]:
    """The faults of a refusal that the schema could have told."""
    if problem["code"] in REASONS or (problem["code"] == "parse_error" and _holds_nul(body)):
        return []
    sent = {**query, **(body if isinstance(body, dict) else {})}
    return [
        fault
        for fault in problem["errors"] or [{"field": "", "code": problem["code"]}]
        if fault["code"] not in REASONS
        and fault["field"].partition(".")[0] not in FIELDS
        and not _names_a_record(sent, fault["field"])
    ]


def _names_a_record(sent: dict[str, Any], field: str) -> bool:
    """Whether an id was sent in the field: one that fits may name nothing."""
    try:
        return bool(UUID(str(sent.get(field))))
    except ValueError:
        return False


def _holds_nul(body: Any) -> bool:
    """Whether a NUL stands in the body: in an object of any fields, as all other texts are described without."""
    if isinstance(body, dict):
        return any(_holds_nul(part) for pair in body.items() for part in pair)
    if isinstance(body, list):
        return any(_holds_nul(part) for part in body)
    return isinstance(body, str) and "\x00" in body
