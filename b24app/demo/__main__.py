"""`python -m b24app.demo`: the portal alone. The app's registration comes from B24_CLIENT_ID and B24_CLIENT_SECRET."""

import argparse
import os

from b24app.demo.server import run
from b24app.demo.settings import DemoSettings


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m b24app.demo", description="A local Bitrix24 portal with real deals."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--app-url", default="http://127.0.0.1:8000", help="address of the app as browsers see it")
    parser.add_argument("--deals", type=int, default=None, help="fewer or more deals than the real 8 800")
    parser.add_argument("--language", choices=("ru", "en"), default="ru")
    asked = parser.parse_args()
    standard = DemoSettings()
    settings = DemoSettings(
        portal_url=f"http://localhost:{asked.port}",
        app_url=asked.app_url,
        client_id=os.environ.get("B24_CLIENT_ID", standard.client_id),
        client_secret=os.environ.get("B24_CLIENT_SECRET", standard.client_secret),
        deals=asked.deals,
        language=asked.language,
    )
    run(settings, asked.host, asked.port)


if __name__ == "__main__":
    main()
