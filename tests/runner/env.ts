/** The environment of this process, and of every program that the tests start. */
export const environment = process.env as Readonly<Record<string, string>>;

/** Sets variables for every program that is started after this call. */
export function setEnvironment(variables: Readonly<Record<string, string>>): void {
  Object.assign(process.env, variables);
}

/**
 * Whether the long tests run too: in `npm run test:all` and `npm run test:compose`. CONTRIBUTING.md says which tests
 * those are.
 */
export const runsLongTests = process.env.LAB_TEST_ALL === "1";

/** For the `skip` option of a long test: a reason unless `npm run test:all` runs. */
export const skipUnlessAll = !runsLongTests && "npm run test:all runs it";

/** For the `skip` option of a test that has a separate long form: a reason with `--only-long`. */
export const skipIfOnlyLong = process.env.LAB_TEST_ONLY_LONG === "1" && "npm test runs it";
