# syntax=docker/dockerfile:1
# One image, two bases: `docker build .` makes the GPU image, `docker build --target cpu .` the small one.
# Queue worker on RunPod, HTTP where PORT is set, the job in test_input.json otherwise: talkbox finds out by itself.

ARG CUDA_IMAGE=nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04
ARG CPU_IMAGE=debian:bookworm-slim
ARG NODE_IMAGE=node:24-bookworm-slim

# The code, bundled, and the packages that stay beside the bundle.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY tools/complete-install.mjs tools/
RUN npm ci
COPY . .
RUN npm run build \
 && npm prune --omit=dev --ignore-scripts \
 && node tools/trim-modules.mjs

# ONNX Runtime's CUDA provider, which its npm package would download unchecked. Its hash is checked when it is given.
FROM build AS cuda-provider
ARG ORT_CUDA_SHA256=""
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl unzip && rm -rf /var/lib/apt/lists/*
RUN version="$(node -p 'require("onnxruntime-node/package.json").version')" \
 && name=microsoft.ml.onnxruntime.gpu.linux \
 && curl -fsSL --retry 3 -o /tmp/provider.zip \
      "https://api.nuget.org/v3-flatcontainer/$name/$version/$name.$version.nupkg" \
 && if [ -n "$ORT_CUDA_SHA256" ]; then echo "$ORT_CUDA_SHA256  /tmp/provider.zip" | sha256sum -c -; \
    else echo "Unchecked: pass --build-arg ORT_CUDA_SHA256=$(sha256sum /tmp/provider.zip | cut -d' ' -f1)"; fi \
 && mkdir /provider \
 && unzip -j /tmp/provider.zip 'runtimes/linux-x64/native/libonnxruntime_providers_cuda.so' \
      'runtimes/linux-x64/native/libonnxruntime_providers_shared.so' -d /provider \
 && rm /tmp/provider.zip

FROM ${CPU_IMAGE} AS cpu
# Captions are drawn with NanumGothic Bold (all of Hangul, Russian; 5 MB of the 33 in its package) and DejaVu (Kazakh, too).
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates ffmpeg fonts-dejavu-core fonts-nanum \
 && rm -rf /var/lib/apt/lists/* \
 && find /usr/share/fonts/truetype/nanum -type f ! -name NanumGothicBold.ttf -delete \
 && useradd --uid 10001 --create-home talkbox && mkdir /data && chown talkbox /data
WORKDIR /app
COPY --from=build /app/package.json /app/test_input.json /app/LICENSE /app/NOTICE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/models models
COPY --from=build /app/schemas schemas
COPY --from=build /app/dist dist
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 TALKBOX_DATA=/data TALKBOX_LOG_FORMAT=json \
    NODE_COMPILE_CACHE=/home/talkbox/compile-cache
USER talkbox
# Compiles what a first job loads, so that no cold start has to. Node asks for the same flags and the same user.
RUN TALKBOX_DATA=/tmp/first /app/node_modules/node/bin/node --max-semi-space-size=1 --v8-pool-size=1 dist/talkbox.js \
      worker --simulate '{"input":{"operation":"health_check"}}' > /dev/null && rm -rf /tmp/first
# In exec form: the worker is process 1, gets SIGTERM itself, and drains.
ENTRYPOINT ["/app/node_modules/node/bin/node", "--max-semi-space-size=1", "--v8-pool-size=1", "/app/dist/talkbox.js"]

FROM ${CUDA_IMAGE} AS gpu
# Ubuntu's ffmpeg knows NVENC, for the GPUs that have it; the driver's part comes with the container runtime. Fonts as above.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates ffmpeg fonts-dejavu-core fonts-nanum \
 && rm -rf /var/lib/apt/lists/* \
 && find /usr/share/fonts/truetype/nanum -type f ! -name NanumGothicBold.ttf -delete \
 && useradd --uid 10001 --create-home talkbox && mkdir /data && chown talkbox /data
WORKDIR /app
COPY --from=build /app/package.json /app/test_input.json /app/LICENSE /app/NOTICE ./
COPY --from=build /app/node_modules node_modules
COPY --from=cuda-provider /provider/ node_modules/onnxruntime-node/bin/napi-v6/linux/x64/
COPY --from=build /app/models models
COPY --from=build /app/schemas schemas
COPY --from=build /app/dist dist
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 TALKBOX_DATA=/data TALKBOX_LOG_FORMAT=json \
    NODE_COMPILE_CACHE=/home/talkbox/compile-cache NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
USER talkbox
RUN TALKBOX_DATA=/tmp/first /app/node_modules/node/bin/node --max-semi-space-size=1 --v8-pool-size=1 dist/talkbox.js \
      worker --simulate '{"input":{"operation":"health_check"}}' > /dev/null && rm -rf /tmp/first
ENTRYPOINT ["/app/node_modules/node/bin/node", "--max-semi-space-size=1", "--v8-pool-size=1", "/app/dist/talkbox.js"]
