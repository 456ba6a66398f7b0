/** The published types support only Express. These are the parts used here, on Fastify. */
declare module 'passport-http-bearer' {
  export class Strategy {
    constructor(options: { passReqToCallback: boolean }, verify?: unknown);
    authenticate(request: object): void;
    error(error: unknown): void;
  }
}
