# The edge on Deno: docker build -t prefloop-edge .
#                   docker run -p 8787:8787 -v prefloop:/data -e ROOT_KEY=... -e INFERENCE_URL=http://... prefloop-edge
FROM node:24-bookworm-slim AS build
WORKDIR /edge
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY scripts ./scripts
COPY shared ./shared
COPY docs/metrics.md ./docs/metrics.md
COPY worker ./worker
RUN node scripts/pages.ts && npm prune --omit=dev --omit=optional
# Of onnxruntime's ten builds, the one that the edge runs: 14 MB of 140.
RUN find node_modules/onnxruntime-web/dist -type f ! -name ort.wasm.bundle.min.mjs ! -name ort-wasm-simd-threaded.wasm \
      ! -name ort-wasm-simd-threaded.mjs -delete

FROM denoland/deno:2.9.6
WORKDIR /edge
COPY --from=build /edge/package.json ./
COPY --from=build /edge/node_modules ./node_modules
COPY --from=build /edge/shared ./shared
COPY --from=build /edge/worker ./worker
COPY migrations ./migrations
RUN install -d -o 1993 /data

# The image's own user, deno.
USER 1993
VOLUME /data
EXPOSE 8787
CMD ["run", "--no-check", "--no-prompt", "--cached-only", "--node-modules-dir=manual", "--unstable-no-legacy-abort", \
     "--allow-env", "--allow-net", "--allow-sys", "--allow-read=/edge,/data", "--allow-write=/data", \
     "worker/hosts/deno.ts", "--persist", "/data", "--hostname", "0.0.0.0", "--port", "8787"]
