"""Deeds on customers."""

from customers.services.attachments import (
    attach_file,
    attach_files,
    clear_lost_files,
    purge_files,
    remove_file,
    restore_file,
)
from customers.services.bulk import (
    change_some,
    close_abandoned_bulk_runs,
    finish_bulk_run,
    settle_bulk_run,
    start_bulk_run,
    undo_bulk_run,
)
from customers.services.consents import record_consent
from customers.services.contact_files import import_contacts
from customers.services.contacts import (
    add_contact,
    archive_contact,
    convert_contact,
    make_primary,
    restore_contact,
    touch_contact,
    unlink_contact,
    update_contact,
)
from customers.services.custom_columns import with_custom_columns
from customers.services.custom_fields import clean_custom_values, keep_unique_values
from customers.services.customer_files import import_customers, write_seals
from customers.services.customers import (
    archive_customer,
    create_customer,
    mark_as_customer,
    restore_customer,
    update_customer,
)
from customers.services.field_definitions import (
    archive_custom_field,
    create_custom_field,
    restore_custom_field,
    update_custom_field,
)
from customers.services.findings import (
    add_competitor,
    add_signal,
    add_technology,
    assess_customer,
    close_signal,
    remove_competitor,
    remove_signal,
    remove_technology,
    update_competitor,
    update_signal,
    update_technology,
)
from customers.services.icp import create_criterion, delete_criterion, refresh_icp_scores, update_criterion
from customers.services.import_changes import note_created_customers
from customers.services.imports import close_abandoned_imports, fail_import, run_import, start_import
from customers.services.lifecycle import begin_stages, change_stage, correct_stage_change, follow_stages
from customers.services.notes import add_note, edit_note, remove_note, restore_note
from customers.services.people import join_person, leave_person
from customers.services.phones import refresh_phones
from customers.services.preferences import renew_link, set_preferences, unsubscribe
from customers.services.privacy import decline_request, request_erasure
from customers.services.projections import tag_with_all, update_and_enter, update_enter_and_wish
from customers.services.search import learn_words, refresh_search
from customers.services.sending import may_send
from customers.services.tag_files import TAG_CHECKS
from customers.services.tags import (
    create_tag,
    delete_tag,
    merge_tags,
    set_tags,
    tag_customer,
    tag_customers,
    tag_named,
    untag_customer,
    untag_customers,
    update_tag,
)
from customers.services.visits import note_visit

__all__ = [
    "TAG_CHECKS",
    "add_competitor",
    "add_contact",
    "add_note",
    "add_signal",
    "add_technology",
    "archive_contact",
    "archive_custom_field",
    "archive_customer",
    "assess_customer",
    "attach_file",
    "attach_files",
    "begin_stages",
    "change_some",
    "change_stage",
    "clean_custom_values",
    "clear_lost_files",
    "close_abandoned_bulk_runs",
    "close_abandoned_imports",
    "close_signal",
    "convert_contact",
    "correct_stage_change",
    "create_criterion",
    "create_custom_field",
    "create_customer",
    "create_tag",
    "decline_request",
    "delete_criterion",
    "delete_tag",
    "edit_note",
    "fail_import",
    "finish_bulk_run",
    "follow_stages",
    "import_contacts",
    "import_customers",
    "join_person",
    "keep_unique_values",
    "learn_words",
    "leave_person",
    "make_primary",
    "mark_as_customer",
    "may_send",
    "merge_tags",
    "note_created_customers",
    "note_visit",
    "purge_files",
    "record_consent",
    "refresh_icp_scores",
    "refresh_phones",
    "refresh_search",
    "remove_competitor",
    "remove_file",
    "remove_note",
    "remove_signal",
    "remove_technology",
    "renew_link",
    "request_erasure",
    "restore_contact",
    "restore_custom_field",
    "restore_customer",
    "restore_file",
    "restore_note",
    "run_import",
    "set_preferences",
    "set_tags",
    "settle_bulk_run",
    "start_bulk_run",
    "start_import",
    "tag_customer",
    "tag_customers",
    "tag_named",
    "tag_with_all",
    "touch_contact",
    "undo_bulk_run",
    "unlink_contact",
    "unsubscribe",
    "untag_customer",
    "untag_customers",
    "update_and_enter",
    "update_competitor",
    "update_contact",
    "update_criterion",
    "update_custom_field",
    "update_customer",
    "update_enter_and_wish",
    "update_signal",
    "update_tag",
    "update_technology",
    "with_custom_columns",
    "write_seals",
]
