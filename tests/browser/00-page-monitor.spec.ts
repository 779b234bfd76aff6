import { expect, test } from "./support/test.ts";

/**
 * Events that fail every test that does not expect them. These tests cause each event and check that it is detected.
 */
const OFFENCES: Record<string, [script: string, problem: RegExp]> = {
  "an error in the browser's console": ["console.error('offence')", /console: offence/],
  "an exception": ["setTimeout(() => { throw new Error('offence') })", /exception: .*offence/],
  "a request that is answered with an error": ["fetch('/api/offence')", /404 for GET .*offence/],
  "a dialog": ["setTimeout(() => alert('offence'))", /a dialog: offence/],
  "a request to another host": [
    "location.href = 'http://example.com/'",
    /left the console: http:\/\/example\.com/,
  ],
};

for (const [what, [script, problem]] of Object.entries(OFFENCES))
  test(`${what} is detected`, async ({ page, monitor }) => {
    await page.goto("/dashboards");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    monitor.check();
    await page.evaluate(`${script}`);
    await expect(() => expect(() => monitor.check()).toThrow(problem)).toPass();
    monitor.allow(/./);
  });
