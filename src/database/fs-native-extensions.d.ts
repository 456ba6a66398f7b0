declare module 'fs-native-extensions' {
  /** Locks a range of an open file, or tells that somebody else has it. It ends when `fd` is closed. */
  export function tryLock(
    fd: number,
    offset: number,
    length: number,
    options?: { shared: boolean },
  ): boolean;
}
