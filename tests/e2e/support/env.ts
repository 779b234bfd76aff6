/** The stack under test: a native stack, or the one in containers that `npm run test:compose` has started. */
export const inContainers = process.env.LAB_TEST_STACK === "compose";
