/**
 * Returns `no_proxy` and `NO_PROXY` with the user's own entries, loopback and more addresses, or neither if the
 * environment has no proxy.
 */
export function noProxyVariables(
  variables: Readonly<Record<string, string | undefined>>,
  addresses?: readonly string[],
): { no_proxy: string; NO_PROXY: string } | Record<string, never>;
