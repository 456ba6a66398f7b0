/** The worker's own global object. Specs and the service share one realm, as in production. */
export default class NativeEnvironment {
  global = globalThis;
  console = globalThis.console;
  exit = process.exit;

  /** Restores Node's own source maps, which Jest has replaced. */
  async setup() {
    Error.prepareStackTrace = undefined;
  }

  /** Restores the console and `process.exit`, which Jest replaces for each spec. */
  async teardown() {
    globalThis.console = this.console;
    process.exit = this.exit;
  }

  /** No spec runs in its own context. */
  getVmContext() {
    return null;
  }
}
