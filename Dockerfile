# What is in the image, how large it is and how it is released: docs/image.md.
# A release pins both images by digest: --build-arg RUN_IMAGE=...:nonroot@sha256:...
ARG BUILD_IMAGE=docker.io/library/node:26-trixie-slim
ARG RUN_IMAGE=gcr.io/distroless/nodejs26-debian13:nonroot

# Runs on the builder's own architecture: the bundle is the same for every other.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
# The image does not show which packages are bundled, so the SBOM covers this stage too.
ARG BUILDKIT_SBOM_SCAN_STAGE=true
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN node deploy/image/bundle.ts

FROM ${RUN_IMAGE}
ARG RUN_IMAGE
ARG VERSION
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="kubenurse" \
      org.opencontainers.image.description="A network probe for Kubernetes, OpenTelemetry-native" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/kubenurse-otel/kubenurse" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.base.name="${RUN_IMAGE}"
COPY --from=build /build/dist/ /
WORKDIR /
# By number, so that kubelet can enforce runAsNonRoot.
USER 65532:65532
EXPOSE 8080 8443
# The flags and variables save memory, and some of them CPU time: docs/image.md.
ENV MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536
ENTRYPOINT ["/nodejs/bin/node", "--optimize-for-size", "--no-opt", "--no-maglev", "--flush-baseline-code", "--heap-growing-percent=30", "/kubenurse.cjs"]
