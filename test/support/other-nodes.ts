/** Programs of other versions of Node. `.ci/run` gives their paths, separated by colons. Empty without them. */
export const otherNodes = (process.env['TEST_NODES'] ?? '')
  .split(':')
  .filter((path) => path !== '');
