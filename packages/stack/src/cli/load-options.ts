import { parseDuration } from "@lgtm-lab/faults/client";
import { type LoadChoices, TRANSPORTS } from "@lgtm-lab/load";
import { LabError } from "../terminal/failure.ts";

const MAX_USERS = 20_000;

/** The options of `lab load`, as the user wrote them. */
export interface LoadOptions {
  readonly quick?: boolean;
  readonly users?: string;
  readonly duration?: string;
  readonly transport?: string;
}

/** Checks the options. Throws a LabError with the rule that one of them violates. */
export function readChoices({ quick, users, duration, transport }: LoadOptions): LoadChoices {
  return {
    quick,
    users: users === undefined ? undefined : readUsers(users),
    seconds: duration === undefined ? undefined : parseDuration(duration, "--duration") / 1000,
    transport: transport === undefined ? undefined : readTransport(transport),
  };
}

function readUsers(text: string): number[] {
  const users = text.split(",").map((each) => (/^\d+$/.test(each.trim()) ? Number(each) : Number.NaN));
  if (users.every((each) => each >= 1 && each <= MAX_USERS)) return users;
  throw new LabError(
    `--users ${text} is not usable: it must be numbers of users like 25,50, each from 1 to ${MAX_USERS}.`,
  );
}

function readTransport(text: string): LoadChoices["transport"] {
  const transport = TRANSPORTS.find((each) => each === text);
  if (transport) return transport;
  throw new LabError(`--transport ${text} is not usable: it must be ${TRANSPORTS.join(" or ")}.`);
}
