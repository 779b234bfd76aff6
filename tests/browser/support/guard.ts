import type { BrowserContext, Page, Request } from "@playwright/test";

/** Looks at all that the pages of a test ask for and complain of, and fails the test for what it did not announce. */
export class Guard {
  readonly #origins: readonly string[];
  readonly #complaints: string[] = [];
  /** Chromium gives this to whatever is under way when an interface comes or goes, as with each container of Docker's. */
  readonly #allowed: RegExp[] = [/net::ERR_NETWORK_CHANGED/];

  constructor(addresses: readonly string[]) {
    this.#origins = addresses.map((address) => new URL(address).origin);
  }

  /** What a test provokes is no failure of it: `message` is looked for in the complaint. */
  allow(message: RegExp): void {
    this.#allowed.push(message);
  }

  /** Begins to look. */
  watch(context: BrowserContext): void {
    context.on("request", (request) => this.#mustStay(request));
    context.on("response", (response) => {
      if (response.status() >= 400)
        this.#complain(`${response.status()} for ${response.request().method()} ${response.url()}`);
    });
    context.on("requestfailed", (request) => {
      // A page that is left, or a view that is, no longer wants its answers.
      if (request.failure()?.errorText !== "net::ERR_ABORTED")
        this.#complain(`${request.failure()?.errorText} for ${request.method()} ${request.url()}`);
    });
    context.on("console", (message) => {
      if (message.type() === "error")
        this.#complain(`console: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => this.#complain(`exception: ${error.error().stack ?? error.error()}`));
    context.on("page", (page) => this.#noDialogs(page));
  }

  /** Throws when there was anything. */
  check(): void {
    const left = this.#complaints.filter(
      (complaint) => !this.#allowed.some((regex) => regex.test(complaint)),
    );
    if (left.length > 0) throw new Error(`the page complained:\n  ${[...new Set(left)].join("\n  ")}`);
  }

  /** Only a script of somebody else's would open one. */
  #noDialogs(page: Page): void {
    page.on("dialog", (dialog) => {
      this.#complain(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  #mustStay(request: Request): void {
    const url = new URL(request.url());
    if (/^(data|blob|about|chrome-error):$/.test(url.protocol)) return;
    if (!this.#origins.includes(url.origin)) this.#complain(`a request left the console: ${url.href}`);
  }

  #complain(what: string): void {
    this.#complaints.push(what.slice(0, 500));
  }
}
