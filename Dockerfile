# syntax=docker/dockerfile:1

FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1
WORKDIR /build
COPY requirements.lock requirements-dev.lock ./
# uv itself comes from the lock, by its hash, and stays behind in this stage.
RUN sed -n '/^uv==/,/[^\\]$/p' requirements-dev.lock > uv.lock \
    && pip install --require-hashes --requirement uv.lock \
    && uv venv /opt/webinars \
    && uv pip sync --python /opt/webinars --require-hashes requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY webinars webinars
COPY api api
COPY scheduler scheduler
# The build backend is pinned in the dev lock.
RUN uv pip install --python /opt/webinars --no-deps --build-constraints requirements-dev.lock .


FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="Webinars" org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/webinars --shell /usr/sbin/nologin webinars \
    && install --directory --owner=webinars --group=webinars --mode=0750 /var/lib/webinars
COPY --from=build /opt/webinars /opt/webinars
ENV PATH=/opt/webinars/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WEBINARS_ENVIRONMENT=production
USER 10001:10001
# The default database, var/webinars.db, is relative to here.
WORKDIR /var/lib/webinars
VOLUME /var/lib/webinars
EXPOSE 8000
# Slim images have no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('WEBINARS_PORT', '8000')}/livez\", timeout=4)"]
ENTRYPOINT ["webinars"]
CMD ["serve", "--host", "0.0.0.0"]
