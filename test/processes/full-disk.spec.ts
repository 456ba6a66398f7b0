import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller, HttpClient } from '../support/client.js';
import { Inspector } from '../support/databases.js';
import { register } from '../support/register.js';
import { Service } from '../support/service.js';

/** Makes a disk of 3 MiB; undefined where this process may not. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'tallychat-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
}

const disk = smallDisk();
const suite = disk === undefined ? describe.skip : describe;
const LONG = 'a'.repeat(50_000);

suite('a disk that is full, on sqlite (skipped where no disk can be mounted)', () => {
  const folder = disk ?? '';
  const url = `sqlite:${join(folder, 'tallychat.sqlite')}`;
  let service: Service;
  let http: HttpClient;
  let ada: Caller;

  beforeAll(async () => {
    service = await Service.start({ DATABASE_URL: url, OPENING_GRANT: '1000000' });
    http = await service.client();
    ada = await register(http, 'ada');
  });
  afterAll(async () => {
    http.close();
    await service.remove();
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });

  it('is 503 and charges nothing; once there is room, everything goes on and the books balance', async () => {
    let paid = 0;
    let full = await ada.chat(LONG);
    for (; full.status === 200; full = await ada.chat(LONG)) paid += 1;
    expect(paid).toBeGreaterThan(3);
    expect(full.status).toBe(503);
    expect(full.body).toEqual({ detail: 'The database has no room.', code: 'unavailable' });
    expect(Number(full.headers['retry-after'])).toBeGreaterThan(0);

    const together = await Promise.all(Array.from({ length: 20 }, () => ada.chat(LONG)));
    paid += together.filter(({ status }) => status === 200).length;
    expect(together.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    expect(await ada.balance()).toBe(1_000_000 - paid * 100);
    // Once for all of them, and without a stack.
    const told = service.log().filter(({ level }) => Number(level) >= 50);
    expect(told).toEqual([expect.objectContaining({ reason: expect.stringMatching(/full/) })]);
    expect(told[0]).not.toHaveProperty('err');

    execFileSync('mount', ['-o', 'remount,size=30m', folder]);
    expect((await ada.chat(LONG)).status).toBe(200);
    expect(await ada.balance()).toBe(1_000_000 - (paid + 1) * 100);
    const inspector = await Inspector.open(url);
    expect(await inspector.count('turns')).toBe(paid + 1);
    expect(await inspector.count('holds')).toBe(0);
    expect(await inspector.unbalancedWallets()).toEqual([]);
    expect(await inspector.differences()).toEqual([]);
    await inspector.close();
  });
});
