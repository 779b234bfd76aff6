/**
 * TraceQL: traces with a span of these services that meets the other conditions. The regular expression is anchored,
 * because Tempo of 2023 would match `gateway` in `gateway-rest`.
 */
export const tracesOf = (services: string, ...conditions: readonly string[]): string =>
  `{ ${[`resource.service.name =~ "^(${services})$"`, ...conditions].join(" && ")} }`;
