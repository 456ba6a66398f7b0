/** What specs have that may keep requests waiting (`released.ts`); none until a spec loads it. */
const blocking = () => globalThis[Symbol.for('tallychat.blocking')] ?? new Set();

/** The worker's own global object: specs and the service share one realm, as in production. */
export default class NativeEnvironment {
  global = globalThis;
  console = globalThis.console;
  exit = process.exit;

  /** Restores Node's own source maps, which Jest has replaced. */
  async setup() {
    Error.prepareStackTrace = undefined;
  }

  /** Called for each event of a file's run, and waited for. What blocks is released before hooks close the service. */
  handleTestEvent({ name }) {
    if (name === 'test_start') for (const one of blocking()) one.remember();
    if (name === 'test_fn_success' || name === 'test_fn_failure')
      for (const one of blocking()) one.release();
  }

  /** Jest gives each spec a console and a `process.exit` of its own. */
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
