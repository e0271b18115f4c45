"""``ssot-shims audit``: find what people wrote by hand and this library replaces."""
