# Our own images, from one build:
#   services  gateway, service A, service B, the demo traffic; the command selects one
#   console   the console: its server, and the built web application
# Works with and without BuildKit. Runs as 1000:1000, with production dependencies only.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# The files of the clone with fixed modes and line endings, independent of the umask and line endings of the checkout: our
# programs do not run as the owner of the clone, and a script with CRLF line endings does not run.
FROM ${NODE_IMAGE} AS sources
WORKDIR /lab
COPY . .
RUN chmod -R u=rwX,go=rX . && cd deploy/container && chmod +x instances ready warm-up && sed -i 's/\r$//' instances ready warm-up
# For the stages below: the manifests of all workspaces, and the programs of the image `services`. So a new app needs no
# change here.
RUN mkdir /manifests /services \
    && find . -name package.json -o -name package-lock.json -o -name .npmrc | tar -cf - -T - | tar -xf - -C /manifests \
    && cp -r apps /services && rm -r /services/apps/console

FROM ${NODE_IMAGE} AS manifests
WORKDIR /lab
COPY --from=sources /manifests ./

FROM manifests AS production
# Without optional packages, because TypeScript is an optional peer of Valibot.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
      $(printf -- '--workspace %s ' apps/* packages/certificates) \
    && rm -rf /root/.npm

FROM ${NODE_IMAGE} AS base
WORKDIR /lab
ENV NODE_ENV=production
COPY --from=sources /lab/deploy/container/ready /lab/deploy/container/warm-up /usr/local/bin/
COPY --from=production /lab/node_modules node_modules
COPY --from=sources /lab/package.json ./
COPY --from=sources /lab/packages/contracts packages/contracts
COPY --from=sources /lab/packages/faults packages/faults
COPY --from=sources /lab/packages/issuer packages/issuer
COPY --from=sources /lab/packages/resilience packages/resilience
COPY --from=sources /lab/packages/service-runtime packages/service-runtime
COPY --from=sources /lab/packages/telemetry packages/telemetry
RUN mkdir compiled && chown 1000:1000 compiled
USER 1000:1000
ENV NODE_COMPILE_CACHE=/lab/compiled

FROM base AS services
COPY --from=sources /services ./
COPY --from=sources /lab/deploy/container deploy/container
# deploy/container provides configuration files and certificates as the launcher does.
COPY --from=sources /lab/packages/certificates packages/certificates
COPY --from=sources /lab/packages/stack/src/components/configuration.ts packages/stack/src/components/
COPY --from=sources /lab/packages/stack/src/certificates.ts /lab/packages/stack/src/ports.ts packages/stack/src/
RUN OTEL_SERVICE_NAME=warm-up warm-up apps/*/src/main.ts
# Last, because they change with every commit, and the builder does not cache the steps that follow them.
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="lgtm-lab services" \
      org.opencontainers.image.vendor="lgtm-lab" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

FROM manifests AS web
COPY --from=sources /lab/tsconfig.json ./
COPY --from=sources /lab/packages/contracts packages/contracts
COPY --from=sources /lab/packages/faults/src/client packages/faults/src/client
COPY --from=sources /lab/load/src load/src
COPY --from=sources /lab/apps/console apps/console
RUN npm ci --ignore-scripts --no-audit --no-fund --workspace apps/console && npm run build --workspace apps/console

FROM base AS console
COPY --from=sources /lab/apps/console/package.json apps/console/
COPY --from=sources /lab/apps/console/server apps/console/server
COPY --from=sources /lab/apps/console/shared apps/console/shared
COPY --from=sources /lab/grafana/dashboards grafana/dashboards
COPY --from=sources /lab/docs/runbooks docs/runbooks
COPY --from=web /lab/apps/console/dist apps/console/dist
# A new volume gets the owner of the folder at which it is mounted.
USER root
RUN mkdir -p /state/alerts && chown -R 1000:1000 /state
USER 1000:1000
ENV LAB_STATE=/state
RUN OTEL_SERVICE_NAME=warm-up OTEL_SDK_DISABLED=true LOKI_URL= warm-up apps/console/server/main.ts
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="lgtm-lab console" \
      org.opencontainers.image.vendor="lgtm-lab" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
