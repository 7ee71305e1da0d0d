# The image of the worker and of the command line. Build it from a checkout:
#
#   docker build --tag legisync:0.1.0 .
#
# If your npm registry needs a login or its own certificate, pass your .npmrc as a build secret, which is not stored in
# the image: docker build --secret id=npmrc,src=$HOME/.npmrc .

# Debian, not Alpine: the native module of Temporal's SDK needs glibc.
FROM docker.io/library/node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Install scripts fetch programs for tests only.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json README.md CHANGELOG.md LICENSE ./
COPY bin bin
COPY src src
COPY supabase supabase
COPY tools tools
RUN npm run build

# The simulator of the Légifrance API, for the profile `demo` of docker-compose.yml. Not for production.
FROM build AS simulator
COPY local local
ENV LEGIFRANCE_SIMULATOR_HOST=0.0.0.0 \
  LEGIFRANCE_SIMULATOR_PORT=54330
USER node
CMD ["node", "local/legifrance/main.ts"]

FROM docker.io/library/node:24-bookworm-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# The SDK brings its native module for five platforms, 29 MB each. One is needed.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --omit=dev --ignore-scripts \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
    ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +

FROM docker.io/library/node:24-bookworm-slim
LABEL org.opencontainers.image.title="legisync" \
  org.opencontainers.image.description="Collects Légifrance documents into Supabase Storage and keeps files_queue true." \
  org.opencontainers.image.version="0.1.0" \
  org.opencontainers.image.licenses="Apache-2.0"
# The two variables of glibc give memory back: see docs/operations.md, "How much memory does a worker take?".
ENV NODE_ENV=production \
  MALLOC_ARENA_MAX=2 \
  MALLOC_MMAP_THRESHOLD_=131072 \
  LEGISYNC_HEALTH_ADDRESS=127.0.0.1:9465
COPY --from=dependencies /build/node_modules /opt/legisync/node_modules
COPY --from=build /build/dist/package /opt/legisync
RUN ln -s /opt/legisync/bin/legisync.js /usr/local/bin/legisync \
  && ln -s /opt/legisync/bin/worker.js /usr/local/bin/legisync-worker
# No file of the image belongs to this user, and the programs write none: the root file system may be read-only.
USER node
WORKDIR /home/node
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://${process.env.LEGISYNC_HEALTH_ADDRESS}/ready`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["legisync-worker"]
