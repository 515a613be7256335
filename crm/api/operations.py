"""The table of permissions for programs."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from crm.api.views import Doc, Endpoint
from crm.models import Role
from crm.operations import offered, permission_label

_SAMPLE = {
    "door": "api",
    "operation": "api:me",
    "title": "Who calls, where and with which permissions",
    "path": "/api/v1/me",
    "method": "GET",
    "permission": "signed in",
    "permission_label": "Everybody who is signed in",
    "roles": Role.values,
}


class OfferedOperation(serializers.Serializer):
    door = serializers.ChoiceField(choices=["page", "api"])
    operation = serializers.CharField(help_text=_("The name of its address."))
    title = serializers.CharField()
    path = serializers.CharField()
    method = serializers.CharField()
    permission = serializers.CharField()
    permission_label = serializers.CharField()
    roles = serializers.ListField(
        child=serializers.ChoiceField(choices=Role.choices), help_text=_("The roles that hold it.")
    )


class OperationTable(serializers.Serializer):
    data = OfferedOperation(many=True)  # type: ignore[assignment]  # a field, which the class itself doesn't keep
    total = serializers.IntegerField()


class PermissionTable(Endpoint):
    """Every operation with the permission that it needs."""

    tag = "Account"
    permissions = {"GET": "crm.view_permissions"}
    docs = {
        "GET": Doc(
            "list_permissions",
            _("Read which role may do what"),
            answer=OperationTable,
            answer_example={"data": [_SAMPLE], "total": 1},
            text=_("All operations of pages and of the API in one answer."),
        )
    }

    def get(self, request: Any) -> Response:
        self.refuse_parameters()
        rows = [
            {
                "door": operation.door,
                "operation": operation.name,
                "title": str(operation.title),
                "path": operation.path,
                "method": operation.method,
                "permission": operation.permission,
                "permission_label": permission_label(operation.permission),
                "roles": [role for role in Role.values if operation.allows(role)],
            }
            for operation in offered()
        ]
        return Response({"data": rows, "total": len(rows)})
