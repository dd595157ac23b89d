"""The form of an indicator: what it asks (inputs.py), by which words of the portal (words.py), and the document that
the answers make (drafts.py)."""
