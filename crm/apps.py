"""The kernel as a Django app: after all apps are loaded, their sockets are filled and frozen."""

from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "Kernel"

    def ready(self) -> None:
        from crm import hooks  # noqa: F401  (plugs the kernel's own parts)
