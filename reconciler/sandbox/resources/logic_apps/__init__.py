"""Logic Apps, as Azure Resource Manager shows them: read, and never written by anybody."""
