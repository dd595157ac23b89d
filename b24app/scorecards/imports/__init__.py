"""The import of targets: what differs from that of values, which is in ingest/imports."""
