import { Inspector } from './databases.js';
import type { Behaviour } from './upstream.js';

/** An answer that ends when the spec opens the gate. */
export class Gate {
  open: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));

  readonly behaviour: Behaviour = async (call) => {
    call.open();
    await call.delta('Hello');
    await this.opened;
    await call.finish();
    await call.usage(1, 1);
    await call.end();
  };
}

export const answerAtOnce: Behaviour = (call) => {
  const gate = new Gate();
  gate.open();
  return gate.behaviour(call);
};

/** Returns the charges and balance of one caller, and whether they add up. */
export async function readLedgerState(url: string): Promise<object> {
  const inspector = await Inspector.open(url);
  try {
    return {
      charges: await inspector.count('ledger_entries', `kind = 'charge'`),
      turns: await inspector.count('turns', `status = 'complete'`),
      open: await inspector.count('holds', `state = 'open'`),
      unbalanced: await inspector.unbalancedWallets(),
      differences: await inspector.differences(),
    };
  } finally {
    await inspector.close();
  }
}

export const balancedLedgerState = (paid: number) => ({
  ...{ charges: paid, turns: paid, open: 0, unbalanced: [], differences: [] },
});
