import {
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DEFAULT_PORTS, httpAddress } from "../ports.ts";

/** The console's default address, which rules and dashboards contain because they cannot read the environment. */
const LINKED_CONSOLE = httpAddress(DEFAULT_PORTS, "CONSOLE_PORT");

/** The user that reads the configuration, and the console that its links must lead to. */
export interface Reader {
  /** The console's address for users, such as `http://127.0.0.1:8000`. */
  readonly console: string;
  /** The user id of the component, if it differs from the user that runs this. */
  readonly user?: number;
}

const FOLDER_MODE = 0o755;
/** A copy may contain a secret that its original, with mode 0600, hides from other users. */
const PRIVATE_MODE = 0o400;
const PERMISSIONS = 0o777;
/** For chown. */
const UNCHANGED = -1;

/**
 * Provides a configuration file or folder of the clone at `to`, as a symbolic link to the original. It is a copy
 * instead if the component cannot read the original, or if its links must lead to a console at another port.
 */
export function provideConfiguration(from: string, to: string, { console, user }: Reader): void {
  const readable = user === undefined || readableByAll(from);
  if (readable && (console === LINKED_CONSOLE || !containsLinks(from))) link(from, to);
  else copy(from, to, { console, ...(user !== undefined && { user }) });
}

/** Returns the names in a folder without broken links, which editors create to lock files. */
function namesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => statSync(join(folder, name), { throwIfNoEntry: false }));
}

function entriesOf(path: string): string[] {
  return statSync(path).isDirectory() ? namesIn(path).map((name) => join(path, name)) : [];
}

/** Returns whether every user can read the file or folder and everything in it. */
function readableByAll(path: string): boolean {
  const status = statSync(path);
  const wanted = status.isDirectory() ? 0o005 : 0o004;
  return (status.mode & wanted) === wanted && entriesOf(path).every(readableByAll);
}

function containsLinks(path: string): boolean {
  return statSync(path).isDirectory()
    ? entriesOf(path).some(containsLinks)
    : readFileSync(path).includes(`${LINKED_CONSOLE}/`);
}

function link(from: string, to: string): void {
  const present = lstatSync(to, { throwIfNoEntry: false });
  if (present?.isSymbolicLink() && readlinkSync(to) === from) return;
  rmSync(to, { recursive: true, force: true });
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(from, to);
}

function copy(from: string, to: string, reader: Reader): void {
  const isFolder = statSync(from).isDirectory();
  const present = lstatSync(to, { throwIfNoEntry: false });
  if (present && (present.isSymbolicLink() || present.isDirectory() !== isFolder))
    rmSync(to, { recursive: true });
  if (isFolder) {
    mkdirSync(to, { recursive: true, mode: FOLDER_MODE });
    const names = namesIn(from);
    for (const name of names) copy(join(from, name), join(to, name), reader);
    for (const name of readdirSync(to))
      if (!names.includes(name)) rmSync(join(to, name), { recursive: true });
    return;
  }
  const original = readFileSync(from);
  const text = original.includes(`${LINKED_CONSOLE}/`)
    ? original.toString("utf8").replaceAll(`${LINKED_CONSOLE}/`, `${reader.console}/`)
    : original;
  mkdirSync(dirname(to), { recursive: true, mode: FOLDER_MODE });
  const mode = reader.user === undefined ? statSync(from).mode & PERMISSIONS : PRIVATE_MODE;
  replaceFile(to, text, { mode, ...(reader.user !== undefined && { user: reader.user }) });
}

/**
 * Writes a file under another name and renames it, because a component may be reading the previous one. Does not use
 * write-file-atomic: it changes the mode after the owner, which root in the container `init` cannot do, because it does
 * not have the capability FOWNER.
 */
export function replaceFile(
  file: string,
  text: string | Buffer,
  { mode, user, group = user }: { readonly mode: number; readonly user?: number; readonly group?: number },
): void {
  const unfinished = `${file}.new`;
  rmSync(unfinished, { force: true }); // left by a run that was killed
  writeFileSync(unfinished, text, { mode });
  if (group !== undefined) chownSync(unfinished, user ?? UNCHANGED, group);
  renameSync(unfinished, file);
}
