"""The ground of the REST API: who calls, for which business, what comes in and how answers and refusals look."""
