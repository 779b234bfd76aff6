import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { skipIfOnlyLong } from "../runner/env.ts";
import { type Clone, cloneRepository, FOLDER, install, NAME, STEPS } from "./clone.ts";

/** The tests of docker-compose.yml and of deploy/kubernetes, which cannot import the registry. */
const AGREEMENT = ["tests/structure/compose-agreement.test.ts", "tests/structure/compose-model.test.ts"];
const KUBERNETES = [
  "tests/structure/kubernetes-agreement.test.ts",
  "tests/structure/kubernetes-valid.test.ts",
];
const DOCS = "tests/docs/names.test.ts";

describe("a new service: a copy of service A", { skip: skipIfOnlyLong }, () => {
  let clone: Clone;
  before(async () => {
    clone = await cloneRepository();
    STEPS.folder(clone);
    STEPS.registry(clone);
    await install(clone);
  });
  after(() => clone.remove());

  it("is reported as missing in docker-compose.yml and README.md", async () => {
    const compose = await clone.node("--test", AGREEMENT[0] as string);
    assert.notEqual(compose.exitCode, 0);
    assert.match(compose.output, /service-c is not in docker-compose\.yml/);
    const docs = await clone.node("--test", "--test-name-pattern=ports", DOCS);
    assert.notEqual(docs.exitCode, 0);
    assert.match(docs.output, /'SERVICE_C_GRPC_PORT'/);
  });

  it("needs changes in four files outside its folder", async () => {
    STEPS.compose(clone);
    STEPS.readme(clone);
    assert.deepEqual(await clone.changedOutside(FOLDER), [
      "README.md",
      "docker-compose.yml",
      "package-lock.json",
      "packages/contracts/src/services.ts",
    ]);
  });

  it("then passes the tests of docker-compose.yml and of the docs", async () => {
    const compose = await clone.node("--test", ...AGREEMENT);
    assert.equal(compose.exitCode, 0, compose.output);
    assert.match(compose.output, new RegExp(`${NAME}: the same environment`));
    assert.match(compose.output, new RegExp(`to run ${NAME} with TLS in containers`));
    const docs = await clone.node("--test", "--test-name-pattern=ports", DOCS);
    assert.equal(docs.exitCode, 0, docs.output);
  });

  it("passes them with TLS in containers too, after one more file", async () => {
    STEPS.composeTls(clone);
    const { exitCode, output } = await clone.node("--test", ...AGREEMENT);
    assert.equal(exitCode, 0, output);
    assert.match(output, new RegExp(`${NAME} with TLS: the same environment`));
  });

  it("is known to the launcher, the doctor, the fault client and the test matrix", async () => {
    const { exitCode, output } = await clone.node("tests/new-service/print-services.ts");
    assert.equal(exitCode, 0, output);
    for (const [part, names] of Object.entries(JSON.parse(output) as Record<string, string[]>))
      assert.ok(names.includes(NAME), `${part}: ${names}`);
  });

  it("is reported as not yet in Kubernetes, and then passes the tests of deploy/kubernetes", async () => {
    const before = await clone.node("--test", KUBERNETES[0] as string);
    assert.equal(before.exitCode, 0, before.output);
    assert.match(
      before.output,
      new RegExp(`${NAME} is in deploy/kubernetes.*SKIP|to run ${NAME} in Kubernetes`),
    );
    STEPS.kubernetes(clone);
    const after = await clone.node("--test", ...KUBERNETES);
    assert.equal(after.exitCode, 0, after.output);
    assert.match(after.output, new RegExp(`${NAME}: the same environment`));
  });
});
