/** An address from a variable, or one sentence that explains why it is invalid. */
export type Address = { url: URL; problem?: undefined } | { url?: undefined; problem: string };

/** Formats a value for messages, without user, password and query, which may be secrets. */
export const redact = (value: string): string =>
  value
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, "$1***@")
    .replace(/[?#].*$/s, "?***")
    .replace(/\p{Cc}/gu, " ");

/** `NAME=value` for messages. */
export const setting = (name: string, value: string): string => `${name}=${redact(value)}`;

/**
 * Parses the value of the variable `name` as an http(s) address. `example` is a valid address for messages about values
 * that cannot be corrected; its port is the default port. `correct` makes a suggested address valid.
 */
export function httpAddress(
  name: string,
  value: string,
  example: string,
  correct: (url: URL) => void = () => {},
): Address {
  const problem = (text: string): Address => ({ problem: `${setting(name, value)} ${text}.` });
  const [, quoted] = /^["'`](.*)["'`]$/s.exec(value) ?? [];
  if (quoted !== undefined) return problem(`is in quotes: remove them`);

  const [, scheme, rest = ""] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(value) ?? [];
  const suggest = (scheme: "http" | "https") => suggestAddress(scheme, rest, example, correct);
  const plain = suggest("http");
  if (scheme === undefined) return problem(`has no scheme: use ${plain}, or ${suggest("https")} for TLS`);
  if (!/^https?$/i.test(scheme))
    return problem(`has the scheme "${scheme}", which is not supported: use ${plain}, or https:// for TLS`);

  if (!URL.canParse(value)) return problem(`is not a valid URL: use for example ${example}`);
  const url = new URL(value);
  if (url.port === "0") return problem(`has port 0, where nothing can listen: use for example ${example}`);
  return { url };
}

/** Guesses the intended address if the scheme is missing or wrong. */
function suggestAddress(scheme: string, rest: string, example: string, correct: (url: URL) => void): string {
  const fallback = example.replace(/^http/, scheme);
  if (/^\/[^/]/.test(rest)) return fallback; // the path of a socket
  const host = rest.replace(/^(https?(:|\/\/))?\/*/i, "").replace(/^:?(\d+)$/, "localhost:$1");
  const text = `${scheme}://${host}`;
  if (host === "" || !URL.canParse(text)) return fallback;
  const url = new URL(text);
  correct(url);
  // A path usually belongs to a proxy on port 80; TLS usually means port 443.
  const { port, pathname } = new URL(example);
  if (scheme === "http" && url.pathname === pathname && !/:\d+(\/|$)/.test(host)) url.port = port;
  return redact(url.href.replace(/\/$/, ""));
}

/**
 * Returns the secrets of an address: the password, or the user name if there is no password, because it may be a token.
 */
export function secretsIn(url: URL): string[] {
  const secret = url.password || url.username;
  return secret ? [secret, decodePercent(secret)] : [];
}

/** Decodes percent-encoding. Text that is not valid percent-encoding stays unchanged. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
