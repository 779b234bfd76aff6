// `node scripts/release-notes.mjs v1.2.3` prints the notes of a release: the section of its version in CHANGELOG.md. It fails
// if package.json has another version, or the section is missing. The release workflow runs it before it builds anything.
import { readFileSync } from "node:fs";

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

/** Returns the section `## <version>`, with or without a date after it, of a changelog. Throws if there is none. */
function notesOf(tag, { version, changelog }) {
  if (tag !== `v${version}`)
    throw new Error(`The tag ${tag} does not match package.json: it must be v${version}.`);
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((each) => each.split(/[\s\]]/)[0].replace("[", "") === version);
  const notes = section?.slice(section.indexOf("\n")).trim();
  if (!notes) throw new Error(`CHANGELOG.md has no section "## ${version}", or it is empty.`);
  return notes;
}

try {
  const { version } = JSON.parse(read("package.json"));
  console.log(notesOf(process.argv[2] ?? "", { version, changelog: read("CHANGELOG.md") }));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
