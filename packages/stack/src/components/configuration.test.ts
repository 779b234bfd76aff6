import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, it } from "node:test";
import { temporaryFolder } from "../../test/helpers.ts";
import { provideConfiguration } from "./configuration.ts";

const DEFAULT = "http://127.0.0.1:8000";
const MOVED = "http://127.0.0.1:18000";
/** The current user, which every user may set as owner. */
const user = process.getuid?.() ?? 0;
const LINKS = `runbook: ${DEFAULT}/docs/x\nother: ${DEFAULT}1/y\n`;
const PLAIN = "targets: []\n";

describe("a configuration file or folder that is provided to a component", () => {
  let from = "";
  let to = "";

  beforeEach(() => {
    const folder = temporaryFolder();
    from = join(folder, "clone");
    to = join(folder, "state/provided");
    mkdirSync(join(from, "inner"), { recursive: true });
    writeFileSync(join(from, "links.yml"), LINKS);
    writeFileSync(join(from, "inner/plain.json"), PLAIN);
    writeFileSync(join(from, "inner/old.json"), PLAIN);
    setModes(0o755, 0o644);
  });

  function setModes(folder: number, file: number): void {
    for (const name of ["links.yml", "inner/plain.json", "inner/old.json"]) chmodSync(join(from, name), file);
    for (const name of ["inner", ""]) chmodSync(join(from, name), folder);
  }
  const isLink = () => lstatSync(to).isSymbolicLink();
  const read = (name: string) => readFileSync(join(to, name), "utf8");

  it("is a link to the original if the component can use that", () => {
    provideConfiguration(from, to, { console: DEFAULT });
    assert.ok(isLink());
    assert.equal(read("links.yml"), LINKS);
    provideConfiguration(join(from, "inner"), `${to}-inner`, { console: MOVED, user });
    assert.ok(lstatSync(`${to}-inner`).isSymbolicLink(), "it contains no link to the console");
  });

  it("is a copy with changed links while the console is at another port", () => {
    provideConfiguration(from, to, { console: DEFAULT });
    provideConfiguration(from, to, { console: MOVED });
    assert.ok(!isLink());
    assert.equal(read("links.yml"), `runbook: ${MOVED}/docs/x\nother: ${DEFAULT}1/y\n`);
    assert.equal(read("inner/plain.json"), PLAIN);
    assert.equal(readFileSync(join(from, "links.yml"), "utf8"), LINKS, "the original is untouched");
    provideConfiguration(from, to, { console: DEFAULT });
    assert.ok(isLink());
    assert.equal(readFileSync(join(from, "links.yml"), "utf8"), LINKS);
  });

  for (const [what, folder, file] of [
    ["files", 0o755, 0o600],
    ["folders", 0o700, 0o644],
    ["folders that it cannot list", 0o711, 0o644],
    ["files for a group only", 0o750, 0o640],
  ] as const)
    it(`is a private copy for another user who cannot read the original: ${what}`, () => {
      setModes(folder, file);
      provideConfiguration(from, to, { console: DEFAULT, user });
      assert.ok(!isLink());
      assert.equal(read("links.yml"), LINKS);
      for (const name of ["links.yml", "inner/plain.json"]) {
        const { mode, uid } = statSync(join(to, name));
        assert.deepEqual({ mode: mode & 0o777, uid }, { mode: 0o400, uid: user }, name);
      }
      setModes(0o755, 0o644);
      provideConfiguration(from, to, { console: DEFAULT, user });
      assert.ok(isLink(), "a link again once the original can be read");
    });

  it("a copy for the same user is as private as its original", () => {
    chmodSync(join(from, "links.yml"), 0o600);
    provideConfiguration(from, to, { console: MOVED });
    assert.equal(statSync(join(to, "links.yml")).mode & 0o777, 0o600);
  });

  it("leaves out a broken link, which editors create to lock a file", () => {
    symlinkSync("somebody@somewhere.1", join(from, ".#links.yml"));
    provideConfiguration(from, to, { console: DEFAULT, user });
    assert.ok(isLink());
    provideConfiguration(from, to, { console: MOVED, user });
    assert.deepEqual(readdirSync(to).sort(), ["inner", "links.yml"]);
  });

  it("natively is a link to the original with any mode, because the user is the same", () => {
    setModes(0o700, 0o600);
    provideConfiguration(from, to, { console: DEFAULT });
    assert.ok(isLink());
  });

  it("a copy is updated when the original changes, and loses files that the original no longer has", () => {
    setModes(0o700, 0o600);
    provideConfiguration(from, to, { console: DEFAULT, user });
    writeFileSync(join(from, "inner/plain.json"), "new");
    writeFileSync(join(to, "inner/left.json.new"), "left by a run that was killed");
    provideConfiguration(join(from, "inner/plain.json"), join(to, "links.yml"), { console: DEFAULT, user });
    provideConfiguration(join(from, "inner"), join(to, "inner"), { console: DEFAULT, user });
    assert.equal(read("inner/plain.json"), "new");
    assert.equal(read("links.yml"), "new");
    assert.deepEqual(readdirSync(join(to, "inner")).sort(), ["old.json", "plain.json"]);
  });
});
