FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build

# What the indexes in LanceDB take, some 570 MB; empty: behaviors are found by their words in memory, without it.
FROM node:24-slim AS packages
ARG PACKAGES=""
WORKDIR /packages
RUN mkdir -p node_modules && [ -z "$PACKAGES" ] || npm install --no-audit --no-fund --ignore-scripts $PACKAGES

FROM node:24-slim
ENV NODE_ENV=production HANDBOOK_HOME=/data
WORKDIR /app
COPY --from=packages /packages/node_modules node_modules
COPY --from=build /src/package.json /src/mcp.json /src/LICENSE ./
COPY --from=build /src/handbooks handbooks
COPY --from=build /src/dist dist
RUN mkdir /data && chown node:node /data && ln -s /app/dist/behavior-handbook.js /usr/local/bin/handbook
USER node
VOLUME /data
EXPOSE 3920
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3920/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["handbook"]
CMD ["serve", "--http", "--host", "0.0.0.0"]
