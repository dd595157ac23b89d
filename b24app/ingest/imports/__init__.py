"""Values from files: read, mapped, checked, imported as a whole or not at all, and taken back as a whole."""
