/** The helpers of specs that make requests wait (`releasable.ts`). There are none until a spec loads that module. */
const blocking = () => globalThis[Symbol.for('tallychat.blocking')] ?? new Set();

/** The error of a test whose block did not start. It has no stack, because nothing failed where it is made. */
function notTried() {
  const error = new Error('not tried, because the start of its block failed: see above');
  error.stack = error.message;
  return error;
}

/** The worker's own global object. Specs and the service share one realm, as in production. */
export default class NativeEnvironment {
  global = globalThis;
  console = globalThis.console;
  exit = process.exit;

  /** Restores Node's own source maps, which Jest has replaced. */
  async setup() {
    Error.prepareStackTrace = undefined;
  }

  /** Blocks of the file whose `beforeAll` failed, and the errors that a test has already shown. */
  #notStarted = new Set();
  #shown = new Set();

  /** Called for each event of a file's run. Blocking helpers are released before hooks close the service. */
  // eslint-disable-next-line no-restricted-syntax -- Jest's name
  handleTestEvent(event, state) {
    const { name, test } = event;
    if (name === 'hook_failure') this.#noteHook(event, state);
    if (name === 'test_fn_start') this.#showOnce(test);
    if (name === 'test_start') for (const one of blocking()) one.remember();
    if (name === 'test_fn_failure')
      for (const one of blocking())
        test.errors.push(...(one.faults?.() ?? []).map((fault) => [fault, fault]));
    if (name === 'test_fn_success' || name === 'test_fn_failure')
      for (const one of blocking()) one.release();
  }

  /** A block that did not start has nothing to stop, so the error of its `afterAll` explains nothing. */
  #noteHook({ describeBlock, error, hook }, { unhandledErrors }) {
    if (hook.type === 'beforeAll') this.#notStarted.add(describeBlock);
    if (hook.type !== 'afterAll' || !this.#notStarted.has(describeBlock)) return;
    const place = unhandledErrors.findIndex((one) => Array.isArray(one) && one[0] === error);
    if (place >= 0) unhandledErrors.splice(place, 1);
  }

  /** Jest gives the error of a `beforeAll` to each test of the block. Only the first one shows it. */
  #showOnce(test) {
    test.errors = test.errors.map((one) => {
      const [error] = Array.isArray(one) ? one : [one];
      if (this.#shown.has(error)) return notTried();
      this.#shown.add(error);
      return one;
    });
  }

  /** Restores the console and `process.exit`, which Jest replaces for each spec. */
  async teardown() {
    blocking().clear();
    globalThis.console = this.console;
    process.exit = this.exit;
  }

  /** No spec runs in its own context. */
  getVmContext() {
    return null;
  }
}
