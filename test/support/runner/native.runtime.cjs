const hooks = require('node:async_hooks');
const { register } = require('node:module');
const process = require('node:process');
const { pathToFileURL } = require('node:url');

register('./typescript.loader.js', pathToFileURL(module.filename));
process.setSourceMapsEnabled(true);

/** The global symbols under which `jest-circus` stores the tests of a file and the listeners of their events. */
const RUN = ['JEST_STATE_SYMBOL', 'EVENT_HANDLERS'];

const { AsyncLocalStorage } = hooks;

/**
 * Where Jest keeps the running test. Specs run one after another, so the value need not follow each promise, as in
 * Node's own storage, which makes every promise of a worker slower.
 */
class OneAtATime {
  #current;

  getStore() {
    return this.#current;
  }

  run(value, work) {
    const before = this.#current;
    this.#current = value;
    return work().finally(() => {
      this.#current = before;
    });
  }
}

/**
 * Loads specs and the code that they test with Node's own loader, once for each worker. Jest's loader would compile all
 * modules of the service and its packages again for each of two hundred files. That is four seconds of a core for each
 * file, and nearly half of a run.
 */
module.exports = class NativeRuntime {
  /** Loads a module of Jest anew for each file, so that no state of one file reaches the next. */
  requireInternalModule(path) {
    delete require.cache[path];
    hooks.AsyncLocalStorage = OneAtATime;
    try {
      return require(path);
    } finally {
      hooks.AsyncLocalStorage = AsyncLocalStorage;
    }
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
