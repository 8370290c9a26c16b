#!/usr/bin/env bash
# Builds the image for two architectures, with SBOM and provenance, pushes image and chart, and signs both:
# docs/image.md.
# Needs a login to the registry, cosign, helm, and a buildx builder with the docker-container driver.
set -euo pipefail
cd "$(dirname "$0")/../.."

image=$(node -p 'require("./package.json").config.image')
version=$(node -p 'require("./package.json").version')
charts=${image%/*}/charts
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# Prints a tag with its current digest.
pinned() { echo "$1@$(docker buildx imagetools inspect "$1" --format '{{json .Manifest.Digest}}' | tr -d '"')"; }
build_image=$(pinned docker.io/library/node:26-trixie-slim)
run_image=$(pinned gcr.io/distroless/nodejs26-debian13:nonroot)
cosign verify "$run_image" --certificate-oidc-issuer https://accounts.google.com \
  --certificate-identity keyless@distroless.iam.gserviceaccount.com

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) docker buildx build . \
  --platform linux/amd64,linux/arm64 \
  --build-arg BUILD_IMAGE="$build_image" --build-arg RUN_IMAGE="$run_image" \
  --build-arg VERSION="$version" --build-arg REVISION="$(git rev-parse HEAD)" \
  --build-arg CREATED="$(git log -1 --format=%cI)" \
  --sbom=true --provenance=mode=max \
  --metadata-file "$out/image.json" \
  --output type=image,name="$image:$version",push=true,rewrite-timestamp=true
cosign sign --yes "$image@$(node -p 'require(process.argv[1])["containerimage.digest"]' "$out/image.json")"

helm package deploy/helm/kubenurse --destination "$out"
helm push "$out/kubenurse-$version.tgz" "oci://$charts" 2>&1 | tee "$out/push"
cosign sign --yes "$charts/kubenurse@$(sed -n 's/^Digest: //p' "$out/push")"
