/** Programs of other versions of Node, whose paths `.ci/run` gives separated by colons; none elsewhere. */
export const otherNodes = (process.env['TEST_NODES'] ?? '')
  .split(':')
  .filter((path) => path !== '');
