"""The commands of these tests read no certificates."""

from tenants import no_certificates  # noqa: F401 - a fixture for all tests of this folder
