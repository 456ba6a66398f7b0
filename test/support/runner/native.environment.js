/** The worker's own global object: specs and the service share one realm, as in production. */
export default class NativeEnvironment {
  global = globalThis;
  console = globalThis.console;
  exit = process.exit;

  /** Node's own source maps; Jest has put its own in their place. */
  async setup() {
    Error.prepareStackTrace = undefined;
  }

  /** Jest gives each spec a console and a `process.exit` of its own. */
  async teardown() {
    globalThis.console = this.console;
    process.exit = this.exit;
  }

  /** No spec runs in a context of its own. */
  getVmContext() {
    return null;
  }
}
