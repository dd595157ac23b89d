"""`python -m b24app` is the same as `b24app`."""

from b24app.cli.main import main

main()
