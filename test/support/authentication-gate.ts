import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Authenticator } from '../../src/auth/authenticator.js';

/** Keeps the next caller waiting between the look at their credentials and the answer to it, until opened. */
export class AuthenticationGate {
  readonly reached: Promise<void>;
  open: () => void = () => undefined;

  constructor(app: NestFastifyApplication) {
    const authenticator = app.get(Authenticator);
    const original = authenticator.authenticate.bind(authenticator);
    const opened = new Promise<void>((resolve) => (this.open = resolve));
    this.reached = new Promise((arrive) => {
      authenticator.authenticate = async (credentials) => {
        authenticator.authenticate = original;
        const principal = await original(credentials);
        arrive();
        await opened;
        return principal;
      };
    });
  }
}
