"""Where the endpoints of customers and imports are."""

from django.urls import path

from customers.api.bulk import BulkChangeDetail, BulkChangeLines, BulkChangeList, BulkChangeUndo
from customers.api.companies import CompanyList
from customers.api.competitors import CompetitorDetail, CompetitorList, CustomerCompetitors
from customers.api.consents import ConsentList, CustomerConsents
from customers.api.contact_deeds import ContactConvert, ContactRestore, ContactTouch, ContactUnlink
from customers.api.contacts import ContactDetail, ContactList, CustomerContacts
from customers.api.custom_fields import CustomFieldArchive, CustomFieldDetail, CustomFieldList, CustomFieldRestore
from customers.api.customer_signals import CustomerSignals, SignalDetail, SignalList
from customers.api.day import MyDay
from customers.api.families import CustomerFamily
from customers.api.files import CustomerFiles, FileContent, FileDetail, FileRestore
from customers.api.history import CustomerHistory
from customers.api.icp import CriterionDetail, CriterionList
from customers.api.imports import ImportDetail, ImportList
from customers.api.lifecycle import CustomerLifecycle, StageChangeDetail, StageReport
from customers.api.notes import CustomerNotes, NoteDetail, NoteList, NoteRestore
from customers.api.people import CustomerPerson
from customers.api.preferences import CustomerPreferenceLink, CustomerPreferences, PreferenceList
from customers.api.privacy import PrivacyRequestDecline, PrivacyRequestDetail, PrivacyRequestList
from customers.api.qualification import CustomerQualification
from customers.api.sending import CustomerMaySend
from customers.api.stakeholders import CustomerStakeholders
from customers.api.tags import CustomerTagDetail, CustomerTags, TagDetail, TagList, TagMerge
from customers.api.technologies import CustomerTechnologies, TechnologyDetail, TechnologyList
from customers.api.timeline import CustomerTimeline
from customers.api.views import (
    CustomerArchive,
    CustomerBulk,
    CustomerConvert,
    CustomerDetail,
    CustomerList,
    CustomerRestore,
)

urlpatterns = [
    path("my-day", MyDay.as_view(), name="my_day"),
    path("customers", CustomerList.as_view(), name="customer_list"),
    path("accounts", CompanyList.as_view(), name="account_list"),
    path("customers/bulk", CustomerBulk.as_view(), name="customer_bulk"),
    path("customers/<uuid:id>", CustomerDetail.as_view(), name="customer_detail"),
    path("customers/<uuid:id>/convert", CustomerConvert.as_view(), name="customer_convert"),
    path("customers/<uuid:id>/timeline", CustomerTimeline.as_view(), name="customer_timeline"),
    path("customers/<uuid:id>/family", CustomerFamily.as_view(), name="customer_family"),
    path("customers/<uuid:id>/history", CustomerHistory.as_view(), name="customer_history"),
    path("customers/<uuid:id>/archive", CustomerArchive.as_view(), name="customer_archive"),
    path("customers/<uuid:id>/restore", CustomerRestore.as_view(), name="customer_restore"),
    path("customers/<uuid:id>/lifecycle", CustomerLifecycle.as_view(), name="customer_lifecycle"),
    path("customers/<uuid:id>/lifecycle/<int:change>", StageChangeDetail.as_view(), name="stage_change_detail"),
    path("customers/<uuid:id>/qualification", CustomerQualification.as_view(), name="customer_qualification"),
    path("customers/<uuid:id>/technologies", CustomerTechnologies.as_view(), name="customer_technologies"),
    path("customers/<uuid:id>/signals", CustomerSignals.as_view(), name="customer_signals"),
    path("customers/<uuid:id>/competitors", CustomerCompetitors.as_view(), name="customer_competitors"),
    path("technologies", TechnologyList.as_view(), name="technology_list"),
    path("technologies/<uuid:id>", TechnologyDetail.as_view(), name="technology_detail"),
    path("signals", SignalList.as_view(), name="signal_list"),
    path("signals/<uuid:id>", SignalDetail.as_view(), name="signal_detail"),
    path("competitors", CompetitorList.as_view(), name="competitor_list"),
    path("competitors/<uuid:id>", CompetitorDetail.as_view(), name="competitor_detail"),
    path("icp-criteria", CriterionList.as_view(), name="icp_criterion_list"),
    path("icp-criteria/<uuid:id>", CriterionDetail.as_view(), name="icp_criterion_detail"),
    path("lifecycle/stages", StageReport.as_view(), name="stage_report"),
    path("customers/<uuid:id>/preferences", CustomerPreferences.as_view(), name="customer_preferences"),
    path("customers/<uuid:id>/preference-link", CustomerPreferenceLink.as_view(), name="customer_preference_link"),
    path("customers/<uuid:id>/consents", CustomerConsents.as_view(), name="customer_consents"),
    path("customers/<uuid:id>/may-send", CustomerMaySend.as_view(), name="customer_may_send"),
    path("preferences", PreferenceList.as_view(), name="preference_list"),
    path("consents", ConsentList.as_view(), name="consent_list"),
    path("privacy-requests", PrivacyRequestList.as_view(), name="privacy_request_list"),
    path("privacy-requests/<uuid:id>", PrivacyRequestDetail.as_view(), name="privacy_request_detail"),
    path("privacy-requests/<uuid:id>/decline", PrivacyRequestDecline.as_view(), name="privacy_request_decline"),
    path("customers/<uuid:id>/contacts", CustomerContacts.as_view(), name="customer_contacts"),
    path("customers/<uuid:id>/stakeholders", CustomerStakeholders.as_view(), name="customer_stakeholders"),
    path("customers/<uuid:id>/person", CustomerPerson.as_view(), name="customer_person"),
    path("contacts", ContactList.as_view(), name="contact_list"),
    path("contacts/<uuid:id>", ContactDetail.as_view(), name="contact_detail"),
    path("contacts/<uuid:id>/restore", ContactRestore.as_view(), name="contact_restore"),
    path("contacts/<uuid:id>/touch", ContactTouch.as_view(), name="contact_touch"),
    path("contacts/<uuid:id>/convert", ContactConvert.as_view(), name="contact_convert"),
    path("contacts/<uuid:id>/unlink", ContactUnlink.as_view(), name="contact_unlink"),
    path("customers/<uuid:id>/tags", CustomerTags.as_view(), name="customer_tags"),
    path("customers/<uuid:id>/tags/<uuid:tag>", CustomerTagDetail.as_view(), name="customer_tag_detail"),
    path("tags", TagList.as_view(), name="tag_list"),
    path("tags/<uuid:id>", TagDetail.as_view(), name="tag_detail"),
    path("tags/<uuid:id>/merge", TagMerge.as_view(), name="tag_merge"),
    path("custom-fields", CustomFieldList.as_view(), name="custom_field_list"),
    path("custom-fields/<uuid:id>", CustomFieldDetail.as_view(), name="custom_field_detail"),
    path("custom-fields/<uuid:id>/archive", CustomFieldArchive.as_view(), name="custom_field_archive"),
    path("custom-fields/<uuid:id>/restore", CustomFieldRestore.as_view(), name="custom_field_restore"),
    path("bulk-changes", BulkChangeList.as_view(), name="bulk_change_list"),
    path("bulk-changes/<uuid:id>", BulkChangeDetail.as_view(), name="bulk_change_detail"),
    path("bulk-changes/<uuid:id>/lines", BulkChangeLines.as_view(), name="bulk_change_lines"),
    path("bulk-changes/<uuid:id>/undo", BulkChangeUndo.as_view(), name="bulk_change_undo"),
    path("customers/<uuid:id>/notes", CustomerNotes.as_view(), name="customer_notes"),
    path("notes", NoteList.as_view(), name="note_list"),
    path("notes/<uuid:id>", NoteDetail.as_view(), name="note_detail"),
    path("notes/<uuid:id>/restore", NoteRestore.as_view(), name="note_restore"),
    path("customers/<uuid:id>/files", CustomerFiles.as_view(), name="customer_files"),
    path("files/<uuid:id>", FileDetail.as_view(), name="file_detail"),
    path("files/<uuid:id>/content", FileContent.as_view(), name="file_content"),
    path("files/<uuid:id>/restore", FileRestore.as_view(), name="file_restore"),
    path("imports", ImportList.as_view(), name="import_list"),
    path("imports/<uuid:id>", ImportDetail.as_view(), name="import_detail"),
]
