import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';

interface LockedPackage {
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Record<string, string>;
}

describe('package-lock.json', () => {
  let text: string;
  let packages: Record<string, LockedPackage>;
  beforeAll(async () => {
    text = await readFile('package-lock.json', 'utf8');
    packages = (JSON.parse(text) as { packages: typeof packages }).packages;
  });

  it('names no host, so packages come from the configured registry', () => {
    const named = Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined);
    expect(named).toEqual([]);
  });

  it('includes the packages of other platforms, which `npm ci` requires', () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) =>
          !(`node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('has no install script that package.json does not allow or deny by name', async () => {
    const { allowScripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
      allowScripts: Record<string, boolean>;
    };
    const scripted = Object.keys(packages).filter((path) => packages[path]?.hasInstallScript);
    const names = scripted.map((path) => path.replace(/^.*node_modules\//, ''));
    expect([...new Set(names)].sort()).toEqual(Object.keys(allowScripts).sort());
  });
});

describe('the bundle in dist', () => {
  it('keeps the name of each class, which documents, logs and traces show', async () => {
    const textsIn = async (folder: string, ending: string) => {
      const names = (await readdir(folder, { recursive: true })).filter(
        (name) => name.endsWith(ending) && !name.endsWith('.spec.ts'),
      );
      return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join(
        '\n',
      );
    };
    const source = await textsIn('src', '.ts');
    const ours = [...source.matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm)].map(
      ([, name = '']) => name,
    );
    const bundle = await textsIn('dist/bundle', '.js');
    const named = new Set(
      [...bundle.matchAll(/Object\.defineProperty\(this, "name", \{ value: "(\w+)" \}\)/g)].map(
        ([, name]) => name,
      ),
    );
    expect(ours.length).toBeGreaterThan(200);
    expect(ours.filter((name) => !named.has(name))).toEqual([]);
  });
});
