"""Deeds of the kernel: on businesses, the people who work in them, and what lets them in."""

from crm.services.api_keys import create_api_key, key_digest, revoke_api_key, rotate_api_key
from crm.services.businesses import create_business, update_business
from crm.services.demo import demo_size, remove_demo_data
from crm.services.first_run import is_set_up, set_up
from crm.services.jobs import (
    cancel_job,
    jobs_of,
    retry_given_up,
    retry_job,
    steerable_jobs,
    tell_job_over,
    tell_job_slow,
)
from crm.services.notifications import (
    choose_notifications,
    chosen_notifications,
    forget_notifications_about,
    forget_read_notifications,
    mark_read,
    notify,
    own_notifications,
    tell_holders,
    tell_operators,
)
from crm.services.passwords import ask_for_reset, set_password
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
from crm.services.saved_views import (
    choose_default_view,
    clear_default_view,
    delete_view,
    pin_view,
    save_view,
    update_view,
)
from crm.services.schedules import pause_schedule, resume_schedule
from crm.services.second_factors import (
    note_recovery_codes_made,
    note_second_factor_added,
    note_second_factor_removed,
    require_second_factor,
    reset_second_factor,
    reset_second_factor_of_user,
)
from crm.services.service_mode import set_service_mode
from crm.services.sessions import end_other_sessions, end_reused_session, end_session
from crm.services.teams import create_team, delete_team, rename_team
from crm.services.view_as import end_view, view_as

__all__ = [
    "accept_invitation",
    "add_rate",
    "ask_for_reset",
    "cancel_job",
    "change_membership",
    "choose_default_view",
    "choose_notifications",
    "chosen_notifications",
    "clear_default_view",
    "create_api_key",
    "create_business",
    "create_team",
    "delete_rate",
    "delete_team",
    "delete_view",
    "demo_size",
    "end_membership",
    "end_other_sessions",
    "end_reused_session",
    "end_session",
    "end_view",
    "find_invitation",
    "forget_notifications_about",
    "forget_read_notifications",
    "invite",
    "is_set_up",
    "jobs_of",
    "key_digest",
    "mark_read",
    "note_recovery_codes_made",
    "note_second_factor_added",
    "note_second_factor_removed",
    "notify",
    "own_notifications",
    "pause_schedule",
    "pin_view",
    "remove_demo_data",
    "rename_team",
    "require_second_factor",
    "reset_second_factor",
    "reset_second_factor_of_user",
    "resume_schedule",
    "retry_given_up",
    "retry_job",
    "revoke_api_key",
    "rotate_api_key",
    "save_view",
    "set_operator",
    "set_password",
    "set_rate",
    "set_service_mode",
    "set_up",
    "steerable_jobs",
    "tell_holders",
    "tell_job_over",
    "tell_job_slow",
    "tell_operators",
    "update_business",
    "update_profile",
    "update_rate",
    "update_view",
    "view_as",
    "withdraw_invitation",
]
