import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { execa } from "execa";
import { goIsHere, temporaryFolder } from "../../test/helpers.ts";
import { recordingProxy } from "../../test/recording-proxy.ts";
import { releaseServer } from "../../test/release-server.ts";
import { readEnvironment } from "../env.ts";
import { noProxyVariables } from "../no-proxy.mjs";

const DOWNLOADS = join(import.meta.dirname, "../../test/fixtures/downloads.ts");
const LOOPBACK = "localhost,127.0.0.1,127.0.0.0/8,::1,[::1]";

test("without a proxy in the environment, no_proxy is unchanged", () => {
  assert.deepEqual(noProxyVariables({}), {});
  assert.deepEqual(noProxyVariables({ no_proxy: "example.com", HTTP_PROXY: "" }), {});
});

for (const [own, expected] of [
  [{}, LOOPBACK],
  [{ no_proxy: "" }, LOOPBACK],
  [{ no_proxy: "example.com" }, `example.com,${LOOPBACK}`],
  [{ NO_PROXY: "example.com, .internal ,," }, `example.com,.internal,${LOOPBACK}`],
  [
    { no_proxy: "a.example", NO_PROXY: "b.example localhost" },
    `a.example,b.example,localhost,${LOOPBACK.slice(10)}`,
  ],
  [{ no_proxy: "*" }, "*"],
  [{ no_proxy: "a.example", NO_PROXY: "*,b.example" }, "*"],
] as const)
  for (const name of ["http_proxy", "HTTPS_PROXY", "all_proxy", "grpc_proxy"])
    test(`with ${name} and ${JSON.stringify(own)}, no_proxy is ${expected}`, () => {
      const variables = { [name]: "http://proxy.example:3128", ...own };
      assert.deepEqual(noProxyVariables(variables), { no_proxy: expected, NO_PROXY: expected });
    });

test("components get the proxy and its no_proxy", () => {
  const proxies = {
    http_proxy: "http://proxy.example:3128",
    HTTPS_PROXY: "proxy.example:3128",
    grpc_proxy: "http://grpc.example:3128",
    no_grpc_proxy: "example.com",
  };
  const { basic, proxy } = readEnvironment(proxies);
  assert.deepEqual(basic, { ...proxies, no_proxy: LOOPBACK, NO_PROXY: LOOPBACK });
  assert.deepEqual(proxy, {
    http: { variable: "http_proxy", address: "http://proxy.example:3128" },
    https: { variable: "HTTPS_PROXY", address: "http://proxy.example:3128" },
    noProxy: LOOPBACK,
  });
});

/** Downloads a release in a separate process with these variables. Returns what that process prints. */
async function downloads(url: string, variables: Readonly<Record<string, string>>, ...clone: string[]) {
  const { PATH, HOME } = readEnvironment().basic;
  const { stdout } = await execa(process.execPath, [DOWNLOADS, url, ...clone], {
    env: { PATH, HOME, XDG_CACHE_HOME: temporaryFolder(), ...variables },
    extendEnv: false,
  });
  return stdout;
}

async function proxyTo(t: TestContext, upstream?: number) {
  const proxy = await recordingProxy(upstream === undefined ? {} : { upstream });
  t.after(proxy.close);
  return { ...proxy, at: `127.0.0.1:${proxy.port}` };
}

const portOf = (url: string) => Number(new URL(url).port);
const ELSEWHERE = "http://releases.example/v1.2.3";

for (const name of ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
  for (const [scheme, no_proxy] of [
    ["http://", ""],
    ["", "example.com"],
  ])
    test(`a release is downloaded through ${name}=${scheme}host:port, no_proxy "${no_proxy}"`, async (t) => {
      const { release, asked } = await releaseServer(t, "tar.gz");
      const proxy = await proxyTo(t, portOf(release.url));
      const said = await downloads(ELSEWHERE, { [name]: scheme + proxy.at, ...(no_proxy && { no_proxy }) });
      assert.match(said, /lgtm-lab\/tool-1\.2\.3/);
      assert.deepEqual(new Set(proxy.requests), new Set(["CONNECT releases.example:80"]));
      assert.deepEqual(asked.length, 3, "the site itself, the checksums, the archive");
    });

test("a release at an https address goes through the tunnel of https_proxy", async (t) => {
  const [proxy, other] = [await proxyTo(t), await proxyTo(t)];
  const variables = { https_proxy: `http://${proxy.at}`, http_proxy: `http://${other.at}` };
  const said = await downloads("https://releases.example/v1.2.3", variables);
  assert.deepEqual([proxy.requests, other.requests], [["CONNECT releases.example:443"], []]);
  assert.match(said, /Cannot obtain tool: releases\.example cannot be reached \(.*502.*; check https_proxy=/);
});

test("a proxy with a password gets it, and no message shows it", async (t) => {
  const { release } = await releaseServer(t, "tar.gz");
  const proxy = await proxyTo(t, portOf(release.url));
  await downloads(ELSEWHERE, { http_proxy: `http://ana:s%40cret@${proxy.at}` });
  assert.equal(proxy.credentials[0], "ana:s@cret");
  const said = await downloads(ELSEWHERE, { http_proxy: "http://ana:s%40cret@127.0.0.1:1" });
  assert.match(said, /ECONNREFUSED 127\.0\.0\.1:1; check http_proxy=http:\/\/127\.0\.0\.1:1 and no_proxy/);
  assert.doesNotMatch(said, /cret|ana/);
});

for (const no_proxy of ["releases.example", "*"])
  test(`a release of a host in no_proxy=${no_proxy} is not requested through the proxy`, async (t) => {
    const proxy = await proxyTo(t);
    await downloads(ELSEWHERE, { http_proxy: `http://${proxy.at}`, no_proxy });
    assert.deepEqual(proxy.requests, []);
  });

for (const host of ["127.0.0.1", "localhost"])
  for (const more of [{}, { no_proxy: "example.com" }, { NODE_USE_ENV_PROXY: "1" }])
    test(`a release on ${host} is not requested through the proxy, with ${JSON.stringify(more)}`, async (t) => {
      const { release } = await releaseServer(t, "tar.gz");
      const proxy = await proxyTo(t);
      const url = release.url.replace("127.0.0.1", host);
      const said = await downloads(url, { http_proxy: `http://${proxy.at}`, ...more });
      assert.match(said, /lgtm-lab\/tool-1\.2\.3/);
      assert.deepEqual(proxy.requests, []);
    });

test("an invalid proxy address is reported by its variable and not shown", async () => {
  const said = await downloads(ELSEWHERE, { http_proxy: "ftp://ana:secret@proxy.example" });
  assert.match(said, /http_proxy is not the address of a proxy, such as http:\/\/proxy\.example:3128/);
  assert.doesNotMatch(said, /secret/);
});

test("if the build cannot reach the proxy either, both failures are reported, with the fix", {
  skip: !goIsHere,
}, async () => {
  const clone = temporaryFolder();
  const folder = join(clone, "tools/go/tool");
  mkdirSync(folder, { recursive: true });
  const needed = "example.com/needed v1.0.0";
  writeFileSync(join(folder, "go.mod"), `module example.com/tool\n\ngo 1.21\n\nrequire ${needed}\n`);
  writeFileSync(
    join(folder, "go.sum"),
    `${needed} h1:${"A".repeat(43)}=\n${needed}/go.mod h1:${"A".repeat(43)}=\n`,
  );
  writeFileSync(join(folder, "main.go"), 'package main\n\nimport _ "example.com/needed"\n\nfunc main() {}\n');
  const nowhere = { http_proxy: "http://127.0.0.1:1", https_proxy: "http://127.0.0.1:1" };
  const go = {
    GOMODCACHE: join(clone, "modules"),
    GOFLAGS: "-modcacherw",
    GOPROXY: "https://modules.example",
  };
  const said = await downloads(ELSEWHERE, { ...nowhere, ...go }, clone);
  assert.match(said, /proxyconnect.*\n {2}fix: +the proxy cannot be reached: correct https_proxy/s);
  assert.match(
    said,
    /\n {2}release: releases\.example cannot be reached \(connect ECONNREFUSED 127\.0\.0\.1:1/,
  );
});
