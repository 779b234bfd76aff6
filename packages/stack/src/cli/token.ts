import { LabError, SCOPES, type Scope, unknownName } from "@lgtm-lab/contracts";
import { parseDuration } from "@lgtm-lab/faults/client";
import { readEnvironment } from "../env.ts";
import { httpAddress } from "../ports.ts";
import { type Owner, readOwner } from "../supervisor/ownership.ts";
import { prepareStateFolder } from "../supervisor/state-folder.ts";

/** The options of `lab token`, as the user wrote them. */
interface TokenArguments {
  readonly scope: readonly string[];
  readonly expires: string;
  readonly subject: string;
  readonly rotate?: boolean;
}

/** Runs `lab token`: prints an access token, or adds a key that signs new tokens. Returns the exit code. */
export async function token({ scope, expires, subject, rotate }: TokenArguments): Promise<number> {
  const { stateFolder, ports } = readEnvironment();
  if (rotate && scope.length > 0) throw new LabError("--rotate prints no token: leave out --scope.");
  if (!rotate && scope.length === 0)
    throw new LabError(`--scope is missing. Available: ${SCOPES.join(", ")}.`);
  const scopes = scope.map(readScope);
  const lifetimeMs = parseDuration(expires, "--expires");
  prepareStateFolder(stateFolder);
  const { issueToken, rotateKeys } = await import("@lgtm-lab/issuer");
  if (rotate) {
    const retiresAt = new Date(await rotateKeys(stateFolder)).toLocaleTimeString("en-GB");
    console.log(
      `New tokens are signed with a new key. Tokens signed with the old key stay valid until they expire, at the latest at ${retiresAt}.`,
    );
    return 0;
  }
  const owner = readOwner(stateFolder);
  const issuer = httpAddress(owner?.alive ? owner.ports : ports, "CONSOLE_PORT");
  console.log(await issueToken(stateFolder, { issuer, subject, scopes, lifetimeMs }));
  return 0;
}

function readScope(name: string): Scope {
  const scope = SCOPES.find((each) => each === name);
  if (scope) return scope;
  throw new LabError(unknownName("scope", name, SCOPES));
}

/**
 * Returns a token with every scope for the requests of a command; undefined if the stack requires none. Default of
 * `lifetimeMs`: the longest possible. The issuer is loaded only if it is needed.
 */
export async function tokenFor(
  stateFolder: string,
  { tokenIssuer: issuer }: Pick<Owner, "tokenIssuer">,
  { subject, lifetimeMs }: { subject: string; lifetimeMs?: number },
): Promise<string | undefined> {
  if (issuer === undefined) return undefined;
  const { issueToken, MAX_TOKEN_MS } = await import("@lgtm-lab/issuer");
  return await issueToken(stateFolder, {
    issuer,
    subject,
    scopes: SCOPES,
    lifetimeMs: lifetimeMs ?? MAX_TOKEN_MS,
  });
}
