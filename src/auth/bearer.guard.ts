import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { isPublic } from '../http/request.decorators.js';

/** Stands before every route: a caller is let in by credentials, or by `@Public()` on the route. */
@Injectable()
export class BearerGuard extends AuthGuard('bearer') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (isPublic(context.switchToHttp().getRequest<FastifyRequest>())) return true;
    return (await super.canActivate(context)) as boolean;
  }
}
