import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.js';
import { SETTINGS } from '../../src/config/settings.js';

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/**
 * Returns the instructions of a Dockerfile by stage. A line that ends in a backslash continues in the next line.
 */
function stagesOf(dockerfile: string): Instruction[][] {
  const stages: Instruction[][] = [];
  const lines = dockerfile.replaceAll('\\\n', ' ').split('\n');
  for (const line of lines) {
    const [, name = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') stages.push([]);
    if (name !== '') stages.at(-1)?.push({ name, text });
  }
  return stages;
}

const textsOf = (stage: readonly Instruction[], name: string) =>
  stage.filter((one) => one.name === name).map(({ text }) => text);

describe('Dockerfile', () => {
  let build: Instruction[] = [];
  let image: Instruction[] = [];

  beforeAll(async () => {
    const stages = stagesOf(await readFile('Dockerfile', 'utf8'));
    expect(stages).toHaveLength(2);
    [build = [], image = []] = stages;
  });

  it('starts from Node 24, without a floating tag', () => {
    for (const stage of [build, image]) expect(textsOf(stage, 'FROM')[0]).toMatch(/^node:24-/);
    expect(textsOf(image, 'FROM')[0]).toMatch(/-slim$/);
  });

  it('leaves the dev dependencies and the compiler in the first stage', () => {
    expect(textsOf(build, 'RUN').join('\n')).toMatch(/npm ci[^]*npm prune --omit=dev/);
    expect(textsOf(image, 'RUN').join('\n')).not.toMatch(/npm|apt-get/);
    for (const copy of textsOf(image, 'COPY')) expect(copy).toMatch(/^--from=build /);
  });

  it('copies only existing files, and all that the build needs', () => {
    const sources = textsOf(build, 'COPY').flatMap((text) => text.split(' ').slice(0, -1));
    expect(sources).toEqual(expect.arrayContaining(['bin', 'src', 'bench', 'package-lock.json']));
    expect(sources.filter((source) => !existsSync(source))).toEqual([]);
  });

  it('has the service and the commands', () => {
    const folders = textsOf(image, 'COPY').map((text) => text.split(' ').at(-1));
    expect(folders).toEqual(['./', './node_modules', './bin', './dist']);
  });

  it('runs as an unprivileged user, in exec form, with a health check', () => {
    expect(textsOf(image, 'USER')).toEqual(['node']);
    expect(image.findIndex(({ name }) => name === 'USER')).toBeLessThan(
      image.findIndex(({ name }) => name === 'CMD'),
    );
    expect(textsOf(image, 'CMD')).toEqual(['["node", "dist/src/main.js"]']);
    expect(textsOf(image, 'HEALTHCHECK')[0]).toMatch(/CMD \["node",.*\/health\/ready/);
    expect(textsOf(image, 'STOPSIGNAL')).toEqual(['SIGTERM']);
  });
});

interface Compose {
  readonly services: Record<
    string,
    {
      readonly environment?: Record<string, string>;
      readonly read_only?: boolean;
      readonly volumes?: string[];
      readonly stop_grace_period?: string;
    }
  >;
}

describe('compose.yaml', () => {
  let compose: Compose;
  beforeAll(async () => {
    compose = parse(await readFile('compose.yaml', 'utf8'), { merge: true }) as Compose;
  });

  const processes = () =>
    Object.entries(compose.services).filter(([name]) => name.startsWith('tallychat'));

  it('has three processes that write only to the database', () => {
    expect(processes()).toHaveLength(3);
    for (const [, service] of processes()) expect(service.read_only).toBe(true);
  });

  it('names only existing settings', () => {
    for (const [, { environment = {} }] of processes()) {
      expect(Object.keys(environment).filter((name) => !(name in SETTINGS))).toEqual([]);
    }
  });

  it('gives a process more time to stop than it needs', () => {
    const takes = loadConfig({}).shutdownTimeoutSeconds + 5;
    for (const [, service] of processes()) {
      expect(parseInt(service.stop_grace_period ?? '0', 10)).toBeGreaterThan(takes);
    }
  });

  it('mounts only existing files, and balances over the processes by name', async () => {
    const mounts = Object.values(compose.services).flatMap(({ volumes = [] }) => volumes);
    const files = mounts
      .map((mount) => mount.split(':')[0] ?? '')
      .filter((path) => /^\./.test(path));
    expect(files).toEqual(['./ops/nginx.conf']);
    const conf = await readFile('ops/nginx.conf', 'utf8');
    const servers = [...conf.matchAll(/server (\w+):8000/g)].map(([, name]) => name);
    expect(servers).toEqual(processes().map(([name]) => name));
  });
});
