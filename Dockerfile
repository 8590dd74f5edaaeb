# One image for every command: `docker run IMAGE aml --help`. The last target is what `docker build .` makes;
# `--target development` adds the test tools, the tests and the embedded servers.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

# --- what is built with tools that no final image holds
FROM ${PYTHON_IMAGE} AS tools
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /app
RUN python -m venv --without-pip /opt/venv
COPY requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --require-hashes -r requirements.lock

# --- the project as a package that points at /app, and the pages' packages from npm
FROM tools AS project
ENV PATH=/opt/venv/bin:$PATH
COPY . .
RUN mkdir /wheel && python -c 'import hatchling.build; hatchling.build.build_editable("/wheel")'
RUN --mount=type=cache,target=/root/.npm \
    python -m frontend.build

# --- what every command needs to run, and nothing else
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /app
RUN python -m venv --without-pip /opt/venv
COPY requirements-image.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --require-hashes -r requirements-image.lock
COPY --from=project /wheel /wheel
RUN pip --python /opt/venv/bin/python install --no-deps --no-index /wheel/*.whl

# --- the same with everything that the tests need
FROM tools AS packages-development
COPY requirements-dev.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --require-hashes -r requirements-dev.lock
COPY --from=project /wheel /wheel
RUN pip --python /opt/venv/bin/python install --no-deps --no-index /wheel/*.whl

# --- a user without rights, and nothing to install software with or to become another user
FROM ${PYTHON_IMAGE} AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="aml-risk" \
    org.opencontainers.image.description="Crypto AML risk scores that can be recomputed, traced to exact transfers, and add up." \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
RUN python -m pip uninstall --yes --quiet --root-user-action=ignore pip && \
    groupadd --gid 10001 aml && useradd --uid 10001 --gid aml --no-create-home --home-dir /tmp aml && \
    install -d -o aml -g aml /data /cache /secrets /secrets/aml /secrets/postgres /secrets/neo4j /secrets/kafka \
        /secrets/admin /secrets/monitoring
# dpkg removes what it can itself, so that its list, which scanners read, stays true; then it goes too.
RUN force="--force-depends --force-remove-essential --force-remove-protected" && \
    dpkg --purge $force apt debconf perl-base >/dev/null 2>&1 && \
    rm -rf /usr/bin/dpkg* /usr/sbin/dpkg* /usr/lib/dpkg /etc/apt /usr/lib/apt /var/lib/apt /var/cache/apt \
        /var/cache/debconf /usr/lib/*/perl-base /usr/local/lib/python3*/ensurepip && \
    find / -xdev -type f -perm /6000 -exec chmod ug-s {} +
# Everything that is written at run time goes to /tmp, /data or /cache: the rest may be read-only.
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    AML_API_HOST=0.0.0.0 AML_CACHE_DIR=/cache NUMBA_CACHE_DIR=/cache/numba
WORKDIR /app
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=6 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["aml", "api"]

FROM runtime AS development
COPY --from=packages-development /opt/venv /opt/venv
COPY --from=project --chown=aml:aml /app /app
RUN chown aml:aml /app
USER aml
CMD ["aml", "api", "--reload"]

FROM runtime AS production
COPY --from=packages /opt/venv /opt/venv
COPY alembic alembic
COPY policy.yaml ./
COPY bench bench
COPY cypher cypher
COPY embedded embedded
COPY ingest ingest
COPY --from=project /app/app app
# Kernels too are compiled here, beside their source, and not by the first run of a container.
RUN python -m compileall -q app bench cypher embedded ingest && \
    env -u NUMBA_CACHE_DIR python -m app.cli compile-kernels
USER aml
