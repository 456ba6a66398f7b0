import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { PermissionDenied } from '../errors.js';
import type { Principal } from '../principal.js';
import { UsersService } from '../users/users.service.js';

/**
 * Accepts operators only, by their role at the time of the request. Runs after the bearer guard, which finds
 * the caller.
 */
@Injectable()
export class StaffGuard implements CanActivate {
  constructor(private readonly users: UsersService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest & { user: Principal }>();
    const user = await this.users.findById(request.user.userId);
    if (!user?.isStaff) throw new PermissionDenied();
    return true;
  }
}
