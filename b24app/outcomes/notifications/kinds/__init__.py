"""What is said of each kind of occasion: one file per kind with `code` and `text(payload)`, in the current language."""
