"""What documents may declare in the product, for tests of the rooms below `app`."""

from reconciler.kinds.catalog import CATALOG
from reconciler.kinds.extension import EXTENSION
from reconciler.kinds.policy import POLICY
from reconciler.loader import DocumentFormat, published_schema
from reconciler.model.kind import Kinds

FORMAT = DocumentFormat(Kinds((CATALOG, EXTENSION, POLICY)), published_schema("desired-state"))
