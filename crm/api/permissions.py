"""Who may call an endpoint: each names a registered permission for each of its methods."""

from typing import Any

from rest_framework.permissions import BasePermission

from crm.errors import NotAllowed

ANYONE = "anyone"
"""Permission of endpoints that need no sign-in."""
SIGNED_IN = "signed in"
"""Permission of endpoints that every signed-in caller may use, even without a business."""
MEMBER = "member"
"""Permission of endpoints that every member of the business may use."""


class NamedPermission(BasePermission):
    """The caller holds the permission that the view names for the method, in the business that the request is about."""

    message = NotAllowed.message
    code = NotAllowed.code

    def has_permission(self, request: Any, view: Any) -> bool:
        name = view.permission_for(request.method)
        if name == ANYONE:
            return True
        if request.actor is None:
            return False
        if name == SIGNED_IN:
            return True
        if request.business is None:
            return False
        return name == MEMBER or request.actor.may(name, request.business)
