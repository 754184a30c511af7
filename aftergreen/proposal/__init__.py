"""A configuration for a service that has none: what its backend has, recognised, weighed and written down."""
