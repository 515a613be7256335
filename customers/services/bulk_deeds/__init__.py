"""What the bulk actions of this app do: tags, owner, team, stage, archive, custom field. Each reads, aims and writes whole sets."""

from customers.services.bulk_deeds.archive import ChangeArchived
from customers.services.bulk_deeds.custom_field import ChangeCustomField
from customers.services.bulk_deeds.keepers import ChangeKeeper
from customers.services.bulk_deeds.stages import ChangeStages
from customers.services.bulk_deeds.tags import ChangeTags

__all__ = ["ChangeArchived", "ChangeCustomField", "ChangeKeeper", "ChangeStages", "ChangeTags"]
