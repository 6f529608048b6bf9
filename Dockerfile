# Build: compile, then keep what runs.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm install --no-save --no-audit --no-fund
COPY hack/build.ts ./hack/build.ts
COPY src ./src
RUN npm run build && npm prune --omit=dev --no-save --no-audit --no-fund

# Run: no shell is needed, nothing is written, and the user is nobody in particular.
FROM node:24-slim
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
USER 65532:65532
EXPOSE 8080 8081 9443 9444
ENTRYPOINT ["node", "--max-semi-space-size=8", "--heap-growing-percent=40", "dist/main.js"]
