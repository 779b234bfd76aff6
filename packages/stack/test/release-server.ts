import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { zipSync } from "fflate";
import { create } from "tar";
import type { Release } from "../src/programs/program.ts";
import { temporaryFolder } from "./helpers.ts";

/** A program whose `--version` prints a version as our components do. */
export const PROGRAM = "#!/bin/sh\necho 'tool, version 1.2.3 (branch: HEAD)'\n";

/** The form in which a project publishes a program: an archive, or the program itself. */
const ASSETS = { "tar.gz": "tool-1.2.3.tar.gz", zip: "tool-1.2.3.zip", bare: "tool-linux" } as const;
type Kind = keyof typeof ASSETS;

/** Serves a release of `tool` like GitHub, and records the requests. */
export async function releaseServer(test: TestContext, kind: Kind, { checksum = "" } = {}) {
  const folder = temporaryFolder();
  const asset = ASSETS[kind];
  const archive = join(folder, asset);
  mkdirSync(join(folder, "tool-1.2.3"));
  writeFileSync(join(folder, "tool-1.2.3/tool"), PROGRAM, { mode: 0o755 });
  writeFileSync(join(folder, "tool-1.2.3/LICENSE"), "Apache-2.0");
  if (kind === "zip") writeFileSync(archive, zipSync({ "tool-1.2.3": { tool: Buffer.from(PROGRAM) } }));
  else if (kind === "bare") writeFileSync(archive, PROGRAM);
  else await create({ gzip: true, file: archive, cwd: folder }, ["tool-1.2.3"]);
  const bytes = readFileSync(archive);
  const sum = checksum || createHash("sha256").update(bytes).digest("hex");
  const pages: Record<string, Buffer> = {
    [`/v1.2.3/${asset}`]: bytes,
    "/v1.2.3/sha256sums.txt": Buffer.from(`${sum}  ${asset}\n`),
  };
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const page = pages[request.url ?? ""];
    response.writeHead(page ? 200 : 404, { "content-length": page?.length ?? 0 }).end(page);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { release: releaseAt(`http://127.0.0.1:${port}/v1.2.3`, kind), asked };
}

/** Returns the table entry of a release on this server. */
export function releaseAt(url: string, kind: Kind = "tar.gz"): Release {
  return {
    version: "1.2.3",
    url,
    asset: () => ASSETS[kind],
    checksums: () => "sha256sums.txt",
    member: () => (kind === "bare" ? ASSETS.bare : "tool-1.2.3/tool"),
  };
}
