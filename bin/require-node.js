/** Ends a script with one sentence if Node is too old. Imported first, before anything that an old Node does not have. */
const [major, minor] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`tallychat: Node 20.19 is needed, but this is ${process.versions.node}\n`);
  process.exit(1);
}
