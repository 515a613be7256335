"""Database constraints that Django does not know: a foreign key that can't leave the business."""

from typing import Any

from django.db.models import BaseConstraint


class SameBusiness(BaseConstraint):
    """Composite foreign key `(business, field) -> (business, id)`: the database itself refuses a reference to another business.

    The field itself is declared with `db_constraint=False`. The target needs a unique constraint on the two columns
    (`BusinessModel` declares it). `to_columns` names other target columns, e.g. of the membership of a user.
    """

    def __init__(
        self, field: str, *, to: str = "", to_columns: tuple[str, str] = ("business_id", "id"), name: str = ""
    ) -> None:
        self.field, self.to, self.to_columns = field, to, to_columns
        super().__init__(name=name or f"%(app_label)s_%(class)s_{field}_same_business")

    def _sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        field = model._meta.get_field(self.field)
        target = model._meta.apps.get_model(self.to) if self.to else field.remote_field.model
        columns = ", ".join(map(quote, ("business_id", field.column)))
        target_columns = ", ".join(map(quote, self.to_columns))
        return (
            f"ALTER TABLE {quote(model._meta.db_table)} ADD CONSTRAINT {quote(self.name)} FOREIGN KEY ({columns}) "
            f"REFERENCES {quote(target._meta.db_table)} ({target_columns}) DEFERRABLE INITIALLY DEFERRED"
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> None:  # type: ignore[override]
        schema_editor.deferred_sql.append(self._sql(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        return self._sql(model, schema_editor)

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        return schema_editor._delete_constraint_sql(schema_editor.sql_delete_fk, model, self.name)

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: Any = None) -> None:
        """The database checks; a form's choices are limited to the open scope before."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameBusiness) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.field, self.to))

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        kwargs["field"] = self.field
        if self.to:
            kwargs["to"] = self.to
        if self.to_columns != ("business_id", "id"):
            kwargs["to_columns"] = self.to_columns
        return path, args, kwargs
