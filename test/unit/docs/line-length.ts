/** Columns at which prose wraps. Code is wrapped at 120 by the formatter, which leaves comments as they are. */
export const columns = 128;

/** A line that is too long, as `<file>:<line>`, with its length. */
type Offence = string;

/** A line that cannot be wrapped: a table, a heading, a link of its own, or one word. */
const isWhole = (line: string) =>
  /^\s*\|/.test(line) || /^#+ /.test(line) || /^\s*[-*>]?\s*\S+$/.test(line) || /^\s*\[[^\]]+\]:? ?\S+$/.test(line);

/** Prose of Markdown that is longer than `columns`; what stands in a code fence or an HTML comment is none. */
export function longProse(file: string, text: string): Offence[] {
  let fence: string | undefined;
  return text.split('\n').flatMap((line, at) => {
    const [, mark] = /^\s*(`{3,}|~{3,})/.exec(line) ?? [];
    if (mark !== undefined) {
      if (fence === undefined) fence = mark;
      else if (mark.startsWith(fence)) fence = undefined;
      return [];
    }
    if (fence !== undefined || /^<!--.*-->$/.test(line) || isWhole(withoutLinkTargets(line))) return [];
    return withoutLinkTargets(line).length > columns ? [`${file}:${at + 1} has ${line.length} columns`] : [];
  });
}

/** A link breaks nowhere: only its text counts. */
const withoutLinkTargets = (line: string) => line.replaceAll(/\]\([^)\s]+\)/g, ']');

/** Comments that are longer than `columns`: lines that begin with the mark of a comment. An address stays whole. */
export function longComments(file: string, text: string): Offence[] {
  return text
    .split('\n')
    .flatMap((line, at) =>
      /^\s*(\/\/|\/?\*\*?|#) .*\S \S/.test(line) && line.length > columns
        ? [`${file}:${at + 1} has ${line.length} columns`]
        : [],
    );
}
