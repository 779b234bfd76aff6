import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { execa } from "execa";

const PROGRAM = pathToFileURL(join(import.meta.dirname, "../compose/program.ts")).href;

/** Prints its arguments. `install` creates the program of the package. */
const APT_GET = `#!/bin/sh
echo "$@" >> "\${0%/*}/calls"
[ "$1" = install ] || exit 0
for package; do :; done
printf '#!/bin/sh\\n' > "\${0%/*}/$package"
/bin/chmod +x "\${0%/*}/$package"
`;
/** Docker without Compose. */
const DOCKER = `#!/bin/sh
[ "$1" != compose ]
`;

/** Runs `anyCompose` with only these programs, as this user. */
async function anyCompose(t: TestContext, { uid }: { uid: number }) {
  const folder = mkdtempSync(join(tmpdir(), "lab-install-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "apt-get"), APT_GET, { mode: 0o755 });
  writeFileSync(join(folder, "docker"), DOCKER, { mode: 0o755 });
  const code = `process.getuid = () => ${uid};
    const { anyCompose } = await import(${JSON.stringify(PROGRAM)});
    console.log(JSON.stringify(await anyCompose().catch(({ message }) => message)));`;
  const env = { PATH: folder, LAB_COMPOSE: "" };
  const { stdout } = await execa(process.execPath, ["--input-type=module", "-e", code], { env });
  return { result: JSON.parse(stdout.split("\n").at(-1) ?? ""), folder };
}

test("a machine that has Docker without Compose gets Debian's docker-compose", async (t) => {
  const { result, folder } = await anyCompose(t, { uid: 0 });
  assert.deepEqual(result, ["docker-compose"]);
  const { stdout } = await execa("cat", [join(folder, "calls")]);
  assert.match(stdout, /^--version\nupdate -q\ninstall .*docker-compose$/);
});

test("without root, the error about a missing Compose has the fix", async (t) => {
  const { result } = await anyCompose(t, { uid: 1000 });
  assert.match(
    result,
    /^Needs docker-compose: install Docker with Compose \(https:.*, or run this as root on Debian\.$/,
  );
});
