/** The helpers of specs that make requests wait (`releasable.ts`). There are none until a spec loads that module. */
const blocking = () => globalThis[Symbol.for('tallychat.blocking')] ?? new Set();

/** The worker's own global object. Specs and the service share one realm, as in production. */
export default class NativeEnvironment {
  global = globalThis;
  console = globalThis.console;
  exit = process.exit;

  /** Restores Node's own source maps, which Jest has replaced. */
  async setup() {
    Error.prepareStackTrace = undefined;
  }

  /** Called for each event of a file's run. Blocking helpers are released before hooks close the service. */
  // eslint-disable-next-line no-restricted-syntax -- Jest's name
  handleTestEvent({ name }) {
    if (name === 'test_start') for (const one of blocking()) one.remember();
    if (name === 'test_fn_success' || name === 'test_fn_failure')
      for (const one of blocking()) one.release();
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
