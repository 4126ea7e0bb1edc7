"""The network fixtures, one of which applies to every test of the folder."""

from tests.network_fixtures import bare_environment, certificate, sockets_closed, tls

__all__ = ["bare_environment", "certificate", "sockets_closed", "tls"]
