import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createCertificates } from "../../test/certificates.ts";
import { FakeOtlpHttp } from "../../test/otlp-http.ts";
import { poster } from "./post.ts";

const half = (text: string): string => text.slice(0, text.length / 2);
const { ca, server, client } = await createCertificates();
const { client: other } = await createCertificates();
const VALID = { ca, ...client };

for (const [what, contents] of [
  ["a client certificate that is partly written", { cert: half(client.cert) }],
  ["a client key that is partly written", { key: half(client.key) }],
  ["the key of another certificate", { key: other.key }],
  ["a client certificate of another CA", other],
  ["an empty file with the CAs", { ca: "" }],
] as const)
  test(`${what} fails the attempt, and the files are read again for the next one`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "telemetry-post-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = (name: keyof typeof VALID) => ({ variable: name, path: join(folder, name) });
    const tls = { ca: file("ca"), cert: file("cert"), key: file("key") };
    const write = (each: typeof VALID) => {
      for (const name of ["ca", "cert", "key"] as const) writeFileSync(tls[name].path, each[name]);
    };
    const receiver = await new FakeOtlpHttp({ ...server, ca, requestCert: true }).start();
    t.after(() => receiver.stop());
    const post = poster(new URL(`${receiver.url}/v1/traces`), { headers: {}, timeoutMs: 5_000, tls });
    write({ ...VALID, ...contents });
    for (let attempt = 1; attempt <= 2; attempt += 1) await assert.rejects(post(""));
    write(VALID);
    assert.equal((await post("")).status, 200);
  });
