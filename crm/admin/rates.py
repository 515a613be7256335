"""Exchange rates in the operators' admin, also as files."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from import_export import resources
from import_export.admin import ImportExportMixin
from import_export.fields import Field
from import_export.formats.base_formats import CSV
from import_export.widgets import ForeignKeyWidget

from crm import services
from crm.admin_site import OperatorsAdmin
from crm.errors import InvalidInput
from crm.models import Business, ExchangeRate
from crm.pages import carry_out


class RateResource(resources.ModelResource):
    """Rates as a file: business (short name), currency, valid_on, rate; each row goes through the page's service."""

    business = Field("business", "business", ForeignKeyWidget(Business, "slug"))

    class Meta:
        model = ExchangeRate
        fields = ("business", "currency", "valid_on", "rate")
        import_id_fields = ("business", "currency", "valid_on")
        skip_unchanged = True
        use_transactions = True

    def __init__(self, *, actor: Any = None, businesses: Any = (), **kwargs: Any) -> None:
        self.actor, self.businesses = actor, {business.pk for business in businesses}
        super().__init__(**kwargs)

    def do_instance_save(self, instance: Any, is_create: bool) -> None:
        if instance.business_id not in self.businesses:
            raise ValidationError({"business": [_("This business is not open.")]})
        data = {name: getattr(instance, name) for name in ("business", "currency", "valid_on", "rate")}
        missing = [name for name, value in data.items() if value in (None, "")]
        if missing:
            raise ValidationError({name: [_("This value is needed.")] for name in missing})
        try:
            instance.pk = services.set_rate(actor=self.actor, **data).pk
        except InvalidInput as refusal:
            raise ValidationError(refusal.errors) from refusal


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ImportExportMixin, OperatorsAdmin):
    resource_classes = [RateResource]
    import_formats = [CSV]
    export_formats = [CSV]
    list_display = ("currency", "valid_on", "rate", "business")
    list_filter = ("business", "currency")
    search_fields = ("currency",)
    fields = ("business", "currency", "valid_on", "rate", "created_at", "updated_at")
    readonly_fields = ("created_at", "updated_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else ("business", *self.readonly_fields)

    def get_import_resource_kwargs(self, request: Any, **kwargs: Any) -> dict[str, Any]:
        return {"actor": request.actor, "businesses": request.opened_businesses}

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "business":
            kwargs["queryset"] = Business.objects.filter(pk__in=[business.pk for business in request.opened_businesses])
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        data = {name: form.cleaned_data[name] for name in ("currency", "valid_on", "rate")}
        if change:
            carry_out(lambda: services.update_rate(actor=request.actor, record=obj, **data))
            return
        made = carry_out(lambda: services.add_rate(actor=request.actor, business=form.cleaned_data["business"], **data))
        obj.pk, obj._state.adding = made.pk, False

    def delete_model(self, request: Any, obj: Any) -> None:
        services.delete_rate(actor=request.actor, record=obj)

    def delete_queryset(self, request: Any, queryset: Any) -> None:
        for record in queryset:
            services.delete_rate(actor=request.actor, record=record)
