/** For the `skip` option of a test that only `npm run test:all` runs. */
export const onlyComplete = process.env.LAB_TEST_ALL !== "1" && "npm run test:all runs it";
