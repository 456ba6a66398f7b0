import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Authenticator } from '../../src/auth/authenticator.js';
import { releaseAfterEach } from './releasable.js';
import { bounded } from './until.js';

/** Delays the next caller after its credentials are read and before they are accepted, until the gate is opened. */
export class AuthenticationGate {
  readonly reached: Promise<void>;
  open: () => void = () => undefined;
  private readonly restore: () => void;

  constructor(app: NestFastifyApplication) {
    const authenticator = app.get(Authenticator);
    const original = authenticator.authenticate.bind(authenticator);
    const opened = new Promise<void>((resolve) => (this.open = resolve));
    const reached = new Promise<void>((arrive) => {
      authenticator.authenticate = async (credentials) => {
        authenticator.authenticate = original;
        const principal = await original(credentials);
        arrive();
        await opened;
        return principal;
      };
    });
    this.reached = bounded('the way to the gate', reached);
    this.reached.catch(() => undefined);
    this.restore = () => {
      authenticator.authenticate = original;
    };
    releaseAfterEach(this);
  }

  remember(): void {
    // A gate is used in one test only.
  }

  release(): void {
    this.restore();
    this.open();
  }
}
