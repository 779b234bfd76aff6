import type { TestContext } from "node:test";

/** Sets an environment variable of this process until the end of the test. */
export function setVariable(test: TestContext, name: string, value: string): void {
  process.env[name] = value;
  test.after(() => {
    delete process.env[name];
  });
}
