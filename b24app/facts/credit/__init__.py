"""Split credit: a deal that counts in parts for several people (semantics 3.4, ADR 16)."""
