# syntax=docker/dockerfile:1
# The operator's image: its program, which loads no libraries, and the list of what that is made of.
#
#   docker buildx build --platform linux/amd64,linux/arm64 --sbom=true --provenance=true --tag REPOSITORY:TAG .
#
# No step is of one architecture. `make image-steps` runs them in a clean folder, without an engine, and prints the sizes.

FROM rust:1.95.0-slim-bookworm AS tools
# The toolchain of the image, whatever rust-toolchain.toml would have beside it.
ENV RUSTUP_TOOLCHAIN=1.95.0
RUN cargo install --locked cargo-chef@0.1.78 cargo-auditable@0.7.7 cargo-cyclonedx@0.5.9
WORKDIR /terrace

FROM tools AS recipe
COPY . .
RUN cargo chef prepare --bin terrace --recipe-path recipe.json

FROM tools AS build
# What it depends on, in a layer of its own, which stays until Cargo.lock changes.
COPY --from=recipe /terrace/recipe.json recipe.json
RUN cargo chef cook --locked --profile image --package terrace --bin terrace --recipe-path recipe.json
COPY . .
# What it is made of is told twice: within the program, for scanners, and as a file, for people.
# It stands alone, libc and all, and the loader's work is written in few bytes.
RUN cargo auditable rustc --locked --profile image --package terrace --bin terrace -- \
      -C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs && \
    cargo cyclonedx --manifest-path operator/app/Cargo.toml --format json --no-build-deps --override-filename sbom.cdx

FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="terrace" \
      org.opencontainers.image.description="Gives teams AWS from Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /terrace/operator/app/sbom.cdx.json /usr/share/doc/terrace/sbom.cdx.json
COPY --from=build /terrace/target/image/terrace /terrace
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/terrace"]
