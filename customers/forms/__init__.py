"""Forms of the staff pages of customers."""

from customers.forms.contacts import ContactForm, ConvertForm, JoinForm, LeftForm, TouchForm, contact_initial
from customers.forms.custom_values import CustomValuesForm, custom_form_fields, custom_initial
from customers.forms.customers import ConvertCustomerForm, CustomerForm, customer_initial
from customers.forms.field_definitions import CustomFieldForm, definition_initial
from customers.forms.fields import CustomerField, reference_to
from customers.forms.imports import ImportForm
from customers.forms.one_field import OneFieldForm, fields_in_place
from customers.forms.tags import (
    CustomerTagForm,
    TagForm,
    TagMergeForm,
    tag_initial,
)

__all__ = [
    "ContactForm",
    "ConvertCustomerForm",
    "ConvertForm",
    "CustomFieldForm",
    "CustomValuesForm",
    "CustomerField",
    "CustomerForm",
    "CustomerTagForm",
    "ImportForm",
    "JoinForm",
    "LeftForm",
    "OneFieldForm",
    "TagForm",
    "TagMergeForm",
    "TouchForm",
    "contact_initial",
    "custom_form_fields",
    "custom_initial",
    "customer_initial",
    "definition_initial",
    "fields_in_place",
    "reference_to",
    "tag_initial",
]
