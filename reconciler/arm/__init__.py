"""The HTTP side of Azure Resource Manager: what it says of a Logic App. Only reads."""
