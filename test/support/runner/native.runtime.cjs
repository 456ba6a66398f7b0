const { register } = require('node:module');
const process = require('node:process');
const { pathToFileURL } = require('node:url');

register('./typescript.loader.js', pathToFileURL(module.filename));
process.setSourceMapsEnabled(true);

/** Under which symbols `jest-circus` keeps the tests of a file, and who listens to their events. */
const RUN = ['JEST_STATE_SYMBOL', 'EVENT_HANDLERS'];

/**
 * Loads specs, and what they test, by Node's own loader, once a worker. Jest's would compile all modules of the service
 * and of its packages again for each of two hundred files: four seconds of a core each, and nearly half of a run.
 */
module.exports = class NativeRuntime {
  /** Jest's own module of a run, new for each file: nothing of one file is seen by the next. */
  requireInternalModule(path) {
    delete require.cache[path];
    return require(path);
  }

  requireModule(path) {
    return require(path);
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  unstable_importModule(path) {
    return import(pathToFileURL(path));
  }

  setGlobalsForRuntime(globals) {
    Object.assign(globalThis, globals);
  }

  enterTestCode() {}

  leaveTestCode() {}

  getSourceMaps() {
    return new Map();
  }

  // eslint-disable-next-line no-restricted-syntax -- Jest's name
  getAllCoverageInfoCopy() {
    return undefined;
  }

  teardown() {
    for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
      if (RUN.includes(symbol.description)) delete globalThis[symbol];
    }
  }
};
