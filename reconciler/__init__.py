"""Declarative GitOps reconciler for Microsoft Entra entitlement-management custom workflow
extensions.
"""

__version__ = "0.1.0"
