import type { FastifyRequest } from 'fastify';
import { networkOf } from './network.js';
import { isPublic } from './request.decorators.js';
import type { Routing } from './unrouted.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The user who sends a large body; undefined for a smaller one, which is read before its sender is known. */
    bodySender: string | undefined;
  }
}

/** A larger body is read only after authentication. For a smaller one this would only be a second lookup. */
const UNAUTHENTICATED_BODY_MAX_BYTES = 65_536;

/** Throws the 401 for a large body without valid credentials, before it is read. */
export async function authenticateLargeBody(
  request: FastifyRequest,
  { authenticate }: Routing,
): Promise<void> {
  if (!isLarge(request)) return;
  const { userId } = await authenticate(request.raw);
  request.bodySender = userId;
}

/** Returns the user who sends the body, or the network if the user is not known yet. */
export const senderOf = ({ bodySender, ip }: FastifyRequest): string => bodySender ?? networkOf(ip);

/** Checks whether the body is large or of unknown size. Such a body is read only from a known caller. */
function isLarge(request: FastifyRequest): boolean {
  if (isPublic(request)) return false;
  const { 'content-length': length, 'transfer-encoding': encoding } = request.raw.headers;
  return encoding !== undefined || Number(length ?? 0) > UNAUTHENTICATED_BODY_MAX_BYTES;
}
