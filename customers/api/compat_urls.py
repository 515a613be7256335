"""Where the endpoints of other systems are: beside /api/v1, under the addresses that their programs know."""

from django.urls import path

from customers.api.accounts import AccountDetail, AccountList
from customers.api.crm_customers import (
    CrmCustomerDetail,
    CrmCustomerList,
    CrmCustomerNotes,
    CrmCustomerTag,
    CrmCustomerTags,
)

app_name = "compat"
urlpatterns = [
    path("accounts", AccountList.as_view(), name="account_list"),
    path("accounts/<uuid:id>", AccountDetail.as_view(), name="account_detail"),
    path("crm/customers", CrmCustomerList.as_view(), name="crm_customer_list"),
    path("crm/customers/<uuid:id>", CrmCustomerDetail.as_view(), name="crm_customer_detail"),
    path("crm/customers/<uuid:id>/notes", CrmCustomerNotes.as_view(), name="crm_customer_notes"),
    path("crm/customers/<uuid:id>/tags", CrmCustomerTags.as_view(), name="crm_customer_tags"),
    path("crm/customers/<uuid:id>/tags/<uuid:tag>", CrmCustomerTag.as_view(), name="crm_customer_tag"),
]
