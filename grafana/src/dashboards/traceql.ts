/**
 * TraceQL: traces with a span of these services for which everything else holds, too. Anchored, because Tempo of 2023
 * would take `gateway` for a part of `gateway-rest`.
 */
export const tracesOf = (services: string, ...conditions: readonly string[]): string =>
  `{ ${[`resource.service.name =~ "^(${services})$"`, ...conditions].join(" && ")} }`;
