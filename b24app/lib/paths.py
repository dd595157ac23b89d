"""Where templates, static files, migrations and install.json lie: beside the package in a checkout, inside a wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
ROOT = PACKAGE if (PACKAGE / "install.json").is_file() else PACKAGE.parent

TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
MIGRATIONS = ROOT / "migrations"
MANIFEST = ROOT / "install.json"
LOCALE = PACKAGE / "locale"
