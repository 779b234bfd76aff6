/**
 * The stack under test: undefined for a native stack, which the tests start; or the one that `npm run test:compose` or
 * `npm run test:kubernetes` has started.
 */
export const target = process.env.LAB_TEST_STACK as "compose" | "kubernetes" | undefined;

/** Whether the components run in containers, which the launcher does not control. */
export const inContainers = target !== undefined;
