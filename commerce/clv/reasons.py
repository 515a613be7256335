"""Why a fitted model is not used."""

from enum import StrEnum


class Reason(StrEnum):
    """What makes a fit degenerate. The first six concern the number of orders, the others their value."""

    TOO_FEW_CUSTOMERS = "too_few_customers"
    TOO_FEW_REPEAT_CUSTOMERS = "too_few_repeat_customers"
    HISTORY_TOO_SHORT = "history_too_short"
    NOT_CONVERGED = "not_converged"
    RATE_NOT_IDENTIFIED = "rate_not_identified"
    DROPOUT_NOT_IDENTIFIED = "dropout_not_identified"

    TOO_FEW_VALUES = "too_few_values"
    VALUE_NOT_CONVERGED = "value_not_converged"
    VALUE_NOT_IDENTIFIED = "value_not_identified"
    VALUE_WITHOUT_MEAN = "value_without_mean"
    VALUE_DEPENDS_ON_FREQUENCY = "value_depends_on_frequency"
