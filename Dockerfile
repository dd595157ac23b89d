# One image for every role: the command says which (web, worker, scheduler, db upgrade, ..).
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml requirements.lock README.md LICENSE install.json ./
COPY b24app b24app
COPY templates templates
COPY static static
COPY migrations migrations
RUN python -m venv /opt/b24app \
 && /opt/b24app/bin/pip install --no-cache-dir --disable-pip-version-check --constraint requirements.lock ".[postgres,sentry]"

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 b24app
COPY --from=build /opt/b24app /opt/b24app
ENV PATH=/opt/b24app/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 LOG_FORMAT=json
USER b24app
WORKDIR /home/b24app
EXPOSE 8000
ENTRYPOINT ["b24app"]
CMD ["web"]
