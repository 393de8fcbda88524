# The context has the executables: linux/amd64/regctl and linux/arm64/regctl (scripts/sea.mjs).
# glibc, libstdc++ and the certificate authorities, but no shell; the user is 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG TARGETPLATFORM
COPY --chmod=0755 ${TARGETPLATFORM}/regctl /usr/local/bin/regctl
ENV HOME=/home/nonroot
ENTRYPOINT ["/usr/local/bin/regctl"]
CMD ["--help"]
