import type { BrowserContext, Page, Request } from "@playwright/test";

/** Fails a test if one of its pages requests another origin, reports an error or opens a dialog that is not allowed. */
export class PageMonitor {
  readonly #origins: readonly string[];
  readonly #problems: string[] = [];
  /**
   * Chromium aborts running requests with this error when a network interface appears or disappears, as with each
   * Docker container.
   */
  readonly #allowed: RegExp[] = [/net::ERR_NETWORK_CHANGED/];

  constructor(addresses: readonly string[]) {
    this.#origins = addresses.map((address) => new URL(address).origin);
  }

  /** Declares an expected error: `message` is searched in the reported text. */
  allow(message: RegExp): void {
    this.#allowed.push(message);
  }

  /** Starts recording. */
  watch(context: BrowserContext): void {
    context.on("request", (request) => this.#checkOrigin(request));
    context.on("response", (response) => {
      if (response.status() >= 400)
        this.#record(`${response.status()} for ${response.request().method()} ${response.url()}`);
    });
    context.on("requestfailed", (request) => {
      // Leaving a page or view aborts its requests.
      if (request.failure()?.errorText !== "net::ERR_ABORTED")
        this.#record(`${request.failure()?.errorText} for ${request.method()} ${request.url()}`);
    });
    context.on("console", (message) => {
      if (message.type() === "error") this.#record(`console: ${message.text()} (${message.location().url})`);
    });
    context.on("weberror", (error) => this.#record(`exception: ${error.error().stack ?? error.error()}`));
    context.on("page", (page) => this.#watchDialogs(page));
  }

  /** Throws if there was any unexpected event. */
  check(): void {
    const left = this.#problems.filter((problem) => !this.#allowed.some((regex) => regex.test(problem)));
    if (left.length > 0)
      throw new Error(`unexpected events on the page:\n  ${[...new Set(left)].join("\n  ")}`);
  }

  /** Records dialogs: only an injected script would open one. */
  #watchDialogs(page: Page): void {
    page.on("dialog", (dialog) => {
      this.#record(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  }

  #checkOrigin(request: Request): void {
    const url = new URL(request.url());
    if (/^(data|blob|about|chrome-error):$/.test(url.protocol)) return;
    if (!this.#origins.includes(url.origin)) this.#record(`a request left the console: ${url.href}`);
  }

  #record(what: string): void {
    this.#problems.push(what.slice(0, 500));
  }
}
