import { Inject, Injectable, type CanActivate } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { RegistrationClosed } from '../errors.js';

/**
 * Refuses registrations if they are closed. Runs before the body is read, so that a caller cannot find out
 * which names are taken.
 */
@Injectable()
export class RegistrationGuard implements CanActivate {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  canActivate(): boolean {
    if (!this.config.isRegistrationOpen) throw new RegistrationClosed();
    return true;
  }
}
