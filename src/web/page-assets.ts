import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Config } from '../config/config.js';

/** The files that the page loads from npm packages: the package's entry, and the file relative to it. */
const LIBRARIES: Readonly<Record<string, readonly [entry: string, file: string]>> = {
  'preact.js': ['htm', '../preact/standalone.module.js'],
  'marked.js': ['marked', 'marked.esm.js'],
  'dompurify.js': ['dompurify', 'purify.min.js'],
};

/** The module that starts the page. */
const START_FILE = 'page.js';

/** The files that the login needs. Browsers load them first. */
const LOGIN_FILES = [
  ...[
    'base.css',
    'layout.css',
    'page.js',
    'preact.js',
    'parts.js',
    'api.js',
    'login.js',
    'session.js',
  ],
  ...['store.js', 'format.js', 'route.js', 'speech.js'],
];

/** The files that neither the login nor the chat needs. The document does not list them. */
const OPTIONAL_FILES = ['account.js', 'console.js', 'list.js'];

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
};

const extensionOf = (name: string) => name.split('.').at(-1) ?? '';

/** A file of the page, as it is sent. */
export interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
}

/** The files of the page, read once because they are few and small. */
export class PageAssets {
  /** A hash of all files. It changes with any of them, so a browser may cache each version forever. */
  readonly version: string;
  /** The document at `/`. */
  readonly document: string;
  private readonly files: ReadonlyMap<string, Asset>;

  constructor({
    openingGrant,
    isRegistrationOpen,
  }: Pick<Config, 'openingGrant' | 'isRegistrationOpen'>) {
    this.files = new Map([...ownFiles(), ...libraries()]);
    const hash = createHash('sha256');
    for (const [name, { bytes }] of this.files) hash.update(name).update(bytes);
    this.version = hash.digest('hex').slice(0, 16);
    this.document = readFileSync(new URL('page/index.html', import.meta.url), 'utf8')
      .replace('<!-- assets -->', this.links())
      .replace('%OPENING_GRANT%', String(openingGrant))
      .replace('%REGISTRATION%', isRegistrationOpen ? 'open' : 'closed');
  }

  /** Returns the file with that name; undefined if there is none. */
  find(name: string): Asset | undefined {
    return this.files.get(name);
  }

  /**
   * Returns the tags that load the files. Modules import one another, so listing them all here saves a round
   * trip for each level. The files for the chat are in a template, which browsers do not load until the page
   * asks. Otherwise they would delay the login.
   */
  private links(): string {
    const others = [...LOGIN_FILES, ...OPTIONAL_FILES];
    const chatFiles = [...this.files.keys()].filter((name) => !others.includes(name));
    const link = (name: string) =>
      name.endsWith('.css')
        ? `<link rel="stylesheet" href="assets/${this.version}/${name}" />`
        : `<link rel="modulepreload" href="assets/${this.version}/${name}" />`;
    const start = `<script src="assets/${this.version}/${START_FILE}" type="module"></script>`;
    const later = ['<template id="later-files">', ...chatFiles.map(link), '</template>'];
    return [...LOGIN_FILES.map(link), start, ...later].join('\n    ');
  }
}

function ownFiles(): [string, Asset][] {
  const folder = new URL('page/', import.meta.url);
  const names = readdirSync(folder).filter((name) => extensionOf(name) in TYPES);
  return names.sort().map((name) => [name, toAsset(name, new URL(name, folder))]);
}

function libraries(): [string, Asset][] {
  const { resolve } = createRequire(import.meta.url);
  return Object.entries(LIBRARIES).map(([name, [entry, file]]) => [
    name,
    toAsset(name, new URL(file, pathToFileURL(resolve(entry)))),
  ]);
}

function toAsset(name: string, url: URL): Asset {
  return { type: TYPES[extensionOf(name)] ?? '', bytes: readFileSync(url) };
}
