"""The kernel as a Django app: after all apps are loaded, their sockets are filled and frozen."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "Kernel"

    def ready(self) -> None:
        from crm import hooks  # noqa: F401  (plugs the kernel's own parts)


class OperatorsAdminConfig(AdminConfig):
    """Django's admin with our own entrance and chooser."""

    default_site = "crm.admin_site.OperatorsSite"
