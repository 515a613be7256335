"""Deeds of the kernel: on businesses, the people who work in them, and what lets them in."""

from crm.services.api_keys import create_api_key, key_digest, revoke_api_key
from crm.services.businesses import create_business, update_business
from crm.services.demo import demo_size, remove_demo_data
from crm.services.first_run import is_set_up, set_up
from crm.services.people import (
    accept_invitation,
    change_membership,
    end_membership,
    find_invitation,
    invite,
    withdraw_invitation,
)
from crm.services.profiles import set_operator, update_profile
from crm.services.rates import add_rate, delete_rate, set_rate, update_rate
from crm.services.second_factors import (
    note_recovery_codes_made,
    note_second_factor_added,
    note_second_factor_removed,
    require_second_factor,
    reset_second_factor,
    reset_second_factor_of_user,
)
from crm.services.teams import create_team, delete_team, rename_team

__all__ = [
    "accept_invitation",
    "add_rate",
    "change_membership",
    "create_api_key",
    "create_business",
    "create_team",
    "delete_rate",
    "delete_team",
    "demo_size",
    "end_membership",
    "find_invitation",
    "invite",
    "is_set_up",
    "key_digest",
    "note_recovery_codes_made",
    "note_second_factor_added",
    "note_second_factor_removed",
    "remove_demo_data",
    "rename_team",
    "require_second_factor",
    "reset_second_factor",
    "reset_second_factor_of_user",
    "revoke_api_key",
    "set_operator",
    "set_rate",
    "set_up",
    "update_business",
    "update_profile",
    "update_rate",
    "withdraw_invitation",
]
