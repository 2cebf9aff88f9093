# The image of the service: docs/operations/install.md. Built by Docker, or by Debian's buildah (tests/deploy/image.test.ts).
#
#   docker build --tag backend-api .
#   docker build --tag backend-api --build-context compile=DIRECTORY .     around DIRECTORY/out/backend-api, without compiling
#
# SOURCE_DATE_EPOCH makes layers the same again from the same source and the same Debian packages: `buildah build --timestamp`, or
# `docker buildx build --output type=image,rewrite-timestamp=true`.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS compile
WORKDIR /source
# What changes seldom first: compiler, libraries and npm packages stay when the source changes.
COPY packages.apt package.json package-lock.json .npmrc ./
COPY bin bin
RUN bin/setup dev
COPY . .
RUN bin/build release backend-api \
    && mkdir /out \
    && strip --strip-debug -o /out/backend-api build/release/pos/backend-api

FROM ${BASE} AS runtime
ARG SOURCE_DATE_EPOCH=0
ARG VERSION=0.1.0
ARG REVISION=unknown

# Libraries that the program names (a test compares them with it), certificates of the authorities, and time zones. The files that
# apt and ldconfig leave behind say when they were written; nothing reads them.
RUN export DEBIAN_FRONTEND=noninteractive \
    && apt-get update -q \
    && apt-get install -q -y --no-install-recommends \
        ca-certificates tzdata libstdc++6 zlib1g \
        libabsl20220623 libargon2-1 libbrotli1 libcurl4 libfmt9 libgif7 libgumbo1 libidn2-0 libjpeg62-turbo libpq5 \
        libprometheus-cpp-core1.0 libpugixml1v5 libre2-9 libseccomp2 libsimdjson14 libspng0 libssl3 libutf8proc2 libwebp7 libzstd1 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/log/* /var/lib/dpkg/*-old \
        /etc/group- /etc/gshadow- /etc/passwd- /etc/shadow- \
    && printf 'backend-api:x:65532:65532::/var/lib/backend-api:/usr/sbin/nologin\n' >>/etc/passwd \
    && printf 'backend-api:x:65532:\n' >>/etc/group \
    && install -d -o 65532 -g 65532 -m 750 /var/lib/backend-api /var/lib/backend-api/files /var/lib/backend-api/uploads \
    && install -d -m 755 /etc/backend-api

COPY deploy/docker/sbom /usr/local/lib/backend-api/
COPY --from=compile /out/backend-api /usr/local/bin/backend-api
RUN install -d /usr/share/doc/backend-api \
    && backend-api licenses >/usr/share/doc/backend-api/copyright \
    && /usr/local/lib/backend-api/sbom "$VERSION" "$SOURCE_DATE_EPOCH" >/usr/share/doc/backend-api/sbom.spdx.json

LABEL org.opencontainers.image.title="backend-api" \
    org.opencontainers.image.description="The backend of an offline-first point of sale" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"

# `.env` of the working directory is read too: a secret may be mounted as /etc/backend-api/.env. Pieces of uploads need a volume that
# all instances share; the root may be read-only.
ENV PORT=8080 MANAGEMENT_PORT=9090 UPLOADS_DIRECTORY=/var/lib/backend-api/uploads
WORKDIR /etc/backend-api
USER 65532:65532
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["backend-api", "health"]
ENTRYPOINT ["backend-api"]
CMD ["serve"]
