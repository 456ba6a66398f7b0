/** One server-sent event as it goes over the wire. The payload is JSON, and so never has a line end of its own. */
export function formatEvent(event: string | undefined, payload: unknown): string {
  const name = event === undefined ? '' : `event: ${event}\n`;
  return `${name}data: ${typeof payload === 'string' ? payload : JSON.stringify(payload)}\n\n`;
}

/** A comment: readers skip it, and everything in between sees a connection in use. */
export const PING = ': ping\n\n';
