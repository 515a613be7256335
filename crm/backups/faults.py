"""What stops a backup or a restore, in one sentence for the operator."""

from crm.setup.faults import SetupFault


class BackupFault(SetupFault):
    """A backup can't be made, is damaged or can't be restored here."""
