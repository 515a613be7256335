"""What stops the set-up: one sentence each, which says what to do."""


class SetupFault(Exception):
    """The message is for the operator and names the remedy."""
