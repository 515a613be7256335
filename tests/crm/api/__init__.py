"""The ground of the API. `tests.crm.api.calling` holds what the tests of all endpoints share."""
