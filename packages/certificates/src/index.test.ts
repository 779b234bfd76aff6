import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { connect, createSecureContext, createServer } from "node:tls";
import {
  createAuthority,
  ensureCertificates,
  ensureExpiredCertificate,
  issueCertificate,
  type KeyPair,
} from "@lgtm-lab/certificates";
import { certificateFiles } from "@lgtm-lab/certificates/files";
import { LabError } from "@lgtm-lab/contracts";
import fc from "fast-check";

const HOUR_MS = 3_600_000;
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const OWNERS = { "service-a": ["service-a", "localhost", "127.0.0.1", "::1"], gateway: ["gateway"] };

function folderOf(t: TestContext) {
  const parent = mkdtempSync(join(tmpdir(), "lab-certificates-"));
  t.after(() => rmSync(parent, { recursive: true }));
  return join(parent, "tls");
}

const read = (folder: string, owner: string) =>
  new X509Certificate(readFileSync(certificateFiles(folder, owner).cert));

const readPair = (folder: string, owner: string): KeyPair => {
  const { cert, key } = certificateFiles(folder, owner);
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
};

/** Completes a handshake with a server that has a certificate, as a client that accepts the given authorities. */
async function handshake(t: TestContext, { cert, key }: KeyPair, ca: string): Promise<void> {
  const server = createServer({ cert, key }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port, ca, servername: "gateway" });
  t.after(() => socket.destroy());
  await once(socket, "secureConnect");
}

describe("the certificates in a folder", () => {
  it("are signed by the CA, have the names, and only the user can read them", async (t) => {
    const folder = folderOf(t);
    const { ca, renewed, expires } = await ensureCertificates(folder, OWNERS, { lifetimeMs: HOUR_MS });
    assert.deepEqual(renewed, ["ca", "service-a", "gateway"]);
    assert.ok(Math.abs(expires.getTime() - Date.now() - HOUR_MS) < 60_000);
    const authority = new X509Certificate(readFileSync(ca));
    assert.equal(authority.ca, true);
    const leaf = read(folder, "service-a");
    assert.ok(leaf.verify(authority.publicKey) && leaf.checkIssued(authority) && !leaf.ca);
    assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
    assert.equal(leaf.checkHost("service-a", { subject: "never" }), "service-a");
    assert.equal(leaf.checkHost("gateway"), undefined);
    assert.ok(leaf.checkIP("127.0.0.1") && leaf.checkIP("::1"));
    const { cert, key } = certificateFiles(folder, "service-a");
    createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) }); // throws if they do not match
    for (const name of readdirSync(folder))
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });

  it("are kept for half of their lifetime, while they have the same names", async (t) => {
    const folder = folderOf(t);
    const options = { lifetimeMs: HOUR_MS };
    await ensureCertificates(folder, OWNERS, options);
    const later = (share: number) => ({ ...options, now: Date.now() + share * HOUR_MS });
    assert.deepEqual((await ensureCertificates(folder, OWNERS, later(0.4))).renewed, []);
    const more = { ...OWNERS, gateway: ["gateway", "example.test"] };
    assert.deepEqual((await ensureCertificates(folder, more, later(0.4))).renewed, ["gateway"]);
    // The gateway's certificate was just replaced, so it is kept.
    assert.deepEqual((await ensureCertificates(folder, OWNERS, later(0.6))).renewed, ["service-a"]);
    assert.deepEqual((await ensureCertificates(folder, OWNERS, { ...options, renewAll: true })).renewed, [
      "service-a",
      "gateway",
    ]);
  });

  it("are replaced if the CA is replaced, or if they are self-signed", async (t) => {
    const folder = folderOf(t);
    await ensureCertificates(folder, OWNERS);
    const { cert, key } = certificateFiles(folder, "gateway");
    const selfSigned = await issueCertificate(undefined, {
      names: ["gateway"],
      notAfter: new Date("2099-01-01"),
    });
    writeFileSync(cert, selfSigned.cert);
    writeFileSync(key, selfSigned.key);
    assert.deepEqual((await ensureCertificates(folder, OWNERS)).renewed, ["gateway"]);
    const now = Date.now() + 200 * 24 * HOUR_MS;
    const old = read(folder, "service-a");
    assert.deepEqual((await ensureCertificates(folder, OWNERS, { now, trustMs: 1 })).renewed, [
      "ca",
      "service-a",
      "gateway",
    ]);
    const [first, second, ...others] =
      readFileSync(certificateFiles(folder, "ca").cert, "utf8").match(PEM) ?? [];
    assert.deepEqual(others, []);
    assert.ok(read(folder, "service-a").verify(new X509Certificate(first ?? "").publicKey));
    assert.ok(old.verify(new X509Certificate(second ?? "").publicKey), "the old CA is still trusted");
  });

  it("are replaced if key and certificate do not match", async (t) => {
    const folder = folderOf(t);
    const ca = certificateFiles(folder, "ca");
    await ensureCertificates(folder, OWNERS);
    writeFileSync(certificateFiles(folder, "gateway").key, readPair(folder, "service-a").key);
    assert.deepEqual((await ensureCertificates(folder, OWNERS)).renewed, ["gateway"]);
    writeFileSync(ca.key, readPair(folder, "service-a").key);
    const { renewed } = await ensureCertificates(folder, OWNERS, { trustMs: 1 });
    assert.deepEqual(renewed, ["ca", "service-a", "gateway"]);
    await handshake(t, readPair(folder, "gateway"), readPair(folder, "ca").cert);
  });

  it("are accepted with the CAs before and after a change of the CA, in any order", async (t) => {
    const folder = folderOf(t);
    const now = Date.now() - 200 * 24 * HOUR_MS;
    await ensureCertificates(folder, OWNERS, { now, lifetimeMs: 300 * 24 * HOUR_MS });
    const old = readPair(folder, "gateway");
    const { renewed } = await ensureCertificates(folder, OWNERS, { trustMs: 1 });
    assert.deepEqual(renewed, ["ca", "service-a", "gateway"]);
    const bundle = readPair(folder, "ca").cert.match(PEM) ?? [];
    assert.equal(new Set(bundle.map((pem) => new X509Certificate(pem).subject)).size, 2);
    for (const authorities of [bundle, bundle.toReversed()])
      for (const pair of [old, readPair(folder, "gateway")]) await handshake(t, pair, authorities.join("\n"));
  });

  it("are accepted with two CAs of the same name, in any order", async (t) => {
    const authorities = [await createAuthority("the same"), await createAuthority("the same")];
    const bundle = authorities.map(({ cert }) => cert);
    for (const authority of authorities) {
      const options = { names: ["gateway"], notAfter: new Date(Date.now() + HOUR_MS) };
      const pair = await issueCertificate(authority, options);
      for (const certificates of [bundle, bundle.toReversed()])
        await handshake(t, pair, certificates.join(""));
    }
  });

  it("include an expired one, which is replaced only together with the CA", async (t) => {
    const folder = folderOf(t);
    const expired = () => ensureExpiredCertificate(folder, "expired", ["service-a"]);
    await assert.rejects(expired(), /^LabError: Cannot create the certificates in \S+: there is no CA\n/);
    const serials: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      await ensureCertificates(folder, OWNERS, { trustMs: 1 });
      await expired();
      const certificate = read(folder, "expired");
      assert.ok(certificate.validToDate.getTime() < Date.now());
      assert.ok(certificate.verify(read(folder, "ca").publicKey));
      serials.push(certificate.serialNumber);
      await expired();
      assert.equal(read(folder, "expired").serialNumber, certificate.serialNumber);
      // The CA's key no longer matches, so the next round creates a new CA.
      writeFileSync(certificateFiles(folder, "ca").key, readPair(folder, "gateway").key);
    }
    assert.equal(new Set(serials).size, 2);
  });

  it("are usable, or a LabError says what to do, whatever the files contain", async (t) => {
    const folder = folderOf(t);
    const { cert: valid } = await createAuthority();
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.constantFrom(
        "",
        "-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      ),
      fc.nat(valid.length).map((length) => valid.slice(0, length)),
    );
    const outcomes = { made: 0, refused: 0 };
    const files = (["ca", "gateway"] as const).flatMap((owner) =>
      Object.values(certificateFiles(folder, owner)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), text, async (file, content) => {
        rmSync(folder, { recursive: true, force: true });
        await ensureCertificates(folder, OWNERS);
        writeFileSync(file, content);
        try {
          await ensureCertificates(folder, OWNERS, { trustMs: 1 });
          const leaf = read(folder, "gateway");
          assert.ok(leaf.verify(read(folder, "ca").publicKey));
          outcomes.made += 1;
        } catch (error) {
          assert.ok(error instanceof LabError, String(error));
          assert.match(error.message, /\n {2}fix: /);
          outcomes.refused += 1;
        }
      }),
      { numRuns: 20 },
    );
    assert.ok(outcomes.refused > 0, JSON.stringify(outcomes));
  });

  it("throw an error with a fix if the folder is a file", async (t) => {
    const folder = folderOf(t);
    writeFileSync(folder, "");
    await assert.rejects(ensureCertificates(folder, OWNERS), (error: Error) => {
      assert.ok(error instanceof LabError);
      assert.match(error.message, /^Cannot create the certificates in \S+: .*EEXIST[\s\S]*\n {2}fix: /);
      return true;
    });
  });
});
