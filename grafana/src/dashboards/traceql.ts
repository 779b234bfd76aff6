/**
 * TraceQL: traces with a span of these services for which the other conditions hold too. The regular expression is
 * anchored, because Tempo of 2023 would match `gateway` in `gateway-rest`.
 */
export const tracesOf = (services: string, ...conditions: readonly string[]): string =>
  `{ ${[`resource.service.name =~ "^(${services})$"`, ...conditions].join(" && ")} }`;
