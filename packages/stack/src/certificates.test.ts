import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { LabError } from "@lgtm-lab/contracts";
import {
  authorityFile,
  CERTIFICATE_OWNERS,
  certificatePaths,
  makeCertificates,
  trustCertificates,
} from "./certificates.ts";
import { certificates } from "./cli/certificates.ts";
import { readEnvironment } from "./env.ts";
import { DEFAULT_PORTS, httpAddress } from "./ports.ts";
import { freePorts, readOwner } from "./supervisor/ownership.ts";
import { createStack } from "./supervisor/stack.ts";

function stateFolderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "lab-state-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const certificateOf = (path: string) => new X509Certificate(readFileSync(path));

describe("the certificates of a stack", () => {
  it("are those of every service, the collector and Loki, for their names on this machine and elsewhere", async (t) => {
    const folder = stateFolderOf(t);
    const { renewed } = await makeCertificates(folder, { names: ["gateway.example.test"] });
    assert.deepEqual(renewed, ["ca", ...CERTIFICATE_OWNERS]);
    for (const owner of CERTIFICATE_OWNERS) {
      const certificate = certificateOf(certificatePaths(folder, owner).cert);
      const namespace = owner === "otelcol" || owner === "loki" ? "observability" : "pspd";
      for (const name of [owner, "localhost", `${owner}.${namespace}.svc`, "gateway.example.test"])
        assert.ok(certificate.checkHost(name), `${owner}: ${name}`);
      for (const other of CERTIFICATE_OWNERS.filter((each) => each !== owner))
        assert.equal(certificate.checkHost(other), undefined, `${owner}: ${other}`);
    }
    // Loki does not always show a renewed certificate.
    const { validTo } = certificateOf(certificatePaths(folder, "loki").cert);
    assert.equal(validTo, certificateOf(authorityFile(folder)).validTo);
    assert.ok(certificateOf(authorityFile(folder)).ca);
  });

  it("are new after `lab certificates`", async (t) => {
    const folder = stateFolderOf(t);
    const run = promisify(execFile);
    const cli = join(import.meta.dirname, "cli/main.ts");
    const lab = async (...options: string[]) =>
      (await run(process.execPath, [cli, "certificates", ...options], { env: { LAB_STATE: folder } })).stdout;
    const serials = () =>
      CERTIFICATE_OWNERS.map((name) => certificateOf(certificatePaths(folder, name).cert).serialNumber);
    assert.match(
      await lab("--days", "30"),
      /^New certificates of gateway, gateway-rest, service-a, service-b, otelcol, loki, valid until 20.*\n.*ca\.pem\n$/,
    );
    const before = serials();
    await lab();
    for (const [index, serial] of serials().entries()) assert.notEqual(serial, before[index]);
    for (const days of ["0", "91", "1.5", "x"])
      await assert.rejects(lab("--days", days), {
        stderr: `--days ${days} is not valid: it must be a whole number from 1 to 90.\n`,
      });
    await lab("--name", "gateway.example.test", "--name", "10.77.0.1");
    assert.ok(certificateOf(certificatePaths(folder, "gateway").cert).checkIP("10.77.0.1"));
  });

  it("do not have the identity of another service, or what is not a name", async () => {
    for (const name of ["", "*.example.test", "a_b", "-a", "a b", "https://a", "a.example.test."])
      await assert.rejects(certificates({ days: "1", name: ["example.test", name] }), {
        name: "LabError",
        message: `--name ${name} is not valid: it must be a DNS name or an IP address.`,
      });
    for (const name of ["gateway", "Service-A"])
      await assert.rejects(certificates({ days: "1", name: [name] }), {
        name: "LabError",
        message: `--name ${name} is not valid: it is the identity of a component, and every certificate would have it.`,
      });
  });

  it("must exist to be trusted, which the message says", (t) => {
    const folder = stateFolderOf(t);
    trustCertificates(folder, {});
    assert.throws(
      () => trustCertificates(folder, { usesTls: true }),
      (error: Error) => {
        assert.ok(error instanceof LabError);
        assert.match(error.message, /ENOENT[\s\S]*\n {2}fix: npx lab certificates$/);
        return true;
      },
    );
  });
});

describe("a stack with TLS", () => {
  it("has https addresses for its services, the collector's receivers and Loki", () => {
    const ports = { ...DEFAULT_PORTS, usesTls: true } as const;
    assert.equal(httpAddress(ports, "GATEWAY_PORT"), "https://127.0.0.1:8080");
    assert.equal(httpAddress(ports, "SERVICE_A_HTTP_PORT"), "https://127.0.0.1:50061");
    assert.equal(httpAddress(ports, "OTELCOL_HTTP_PORT"), "https://127.0.0.1:4318");
    assert.equal(httpAddress(ports, "LOKI_PORT"), "https://127.0.0.1:3100");
    for (const other of [
      "CONSOLE_PORT",
      "FAULT_ADMIN_A_PORT",
      "PROMETHEUS_PORT",
      "OTELCOL_HEALTH_PORT",
    ] as const)
      assert.match(httpAddress(ports, other), /^http:/);
    assert.equal(httpAddress(DEFAULT_PORTS, "GATEWAY_PORT"), "http://127.0.0.1:8080");
  });

  it("releases its state folder if the certificates cannot be made", async (t) => {
    const stateFolder = stateFolderOf(t);
    writeFileSync(join(stateFolder, "tls"), "");
    const ports = await freePorts();
    await assert.rejects(
      createStack({ stateFolder, ports, components: [], tls: true }),
      /^LabError: Cannot create the certificates in \S+: /,
    );
    assert.equal(readOwner(stateFolder), undefined);
  });

  it("does not start with certificates of the user", async (t) => {
    const stateFolder = stateFolderOf(t);
    const environment = readEnvironment({ UPSTREAM_TLS_CA_FILE: "/a" });
    await assert.rejects(
      createStack({ environment, stateFolder, tls: true }),
      /^LabError: UPSTREAM_TLS_CA_FILE is set, but --tls uses the lab's own certificates\. Unset the variable, or leave out --tls\.$/,
    );
  });
});
