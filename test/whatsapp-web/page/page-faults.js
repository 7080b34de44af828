const taken = [];

/** What goes wrong inside the page, on command. */
export const pageFaults = {
  /** The main thread loops for ever. */
  wedge() {
    for (;;);
  },
  /** Takes memory, and writes to it so that it is really there. */
  hog(mebibytes) {
    for (let count = 0; count < mebibytes; count++) taken.push(new Uint8Array(1024 * 1024).fill(1));
  },
  /** An array of more elements than V8 can have: it ends the process instead of throwing. */
  'crash-page'() {
    taken.push('ab'.repeat(2 ** 26 + 8).split(''));
  },
};
