/** What a PromQL expression names: enough to tell whether it can ever give anything. */
export interface Names {
  /** Each metric that is selected, with the labels that its matchers name. */
  readonly selectors: readonly { readonly metric: string; readonly labels: readonly string[] }[];
  /** Labels of `by`, `on` and the like, each clause by itself, in the order of the expression. */
  readonly groupings: readonly (readonly string[])[];
}

const clauses = ['by', 'without', 'on', 'ignoring', 'group_left', 'group_right'];
const operators = ['and', 'or', 'unless', 'atan2', 'bool', 'offset', 'Inf', 'NaN'];
const token =
  /\s+|#.*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\[[^\]]*\]|\$\w+|[a-zA-Z_:][\w:]*|[\d.]+(?:e[+-]?\d+|[a-z]+)?|[=!<>]=|[=!]~|[-+*/%^=<>(){},@]/y;

/**
 * Reads an expression of the kind that rules and dashboards are made of. Variables of Grafana may stand in strings and ranges.
 * @throws {SyntaxError} it has something in it that is not known here, or a selector without a metric's name
 */
export function namesIn(expression: string): Names {
  const tokens = tokensOf(expression);
  const selectors: { metric: string; labels: string[] }[] = [];
  const groupings: string[][] = [];
  for (let at = 0; at < tokens.length; at++) {
    const [word = '', next = ''] = [tokens[at], tokens[at + 1]];
    if (word === '{') throw new SyntaxError(`Cannot read "${expression}": a selector has no metric`);
    if (clauses.includes(word) && next === '(') {
      const end = tokens.indexOf(')', at);
      groupings.push(tokens.slice(at + 2, end).filter((each) => each !== ','));
      at = end;
    } else if (/^[a-zA-Z_:]/.test(word) && !operators.includes(word) && next !== '(' && !clauses.includes(next)) {
      const end = next === '{' ? tokens.indexOf('}', at) : at;
      selectors.push({ metric: word, labels: tokens.slice(at + 2, end).filter((each) => /^[a-zA-Z_]/.test(each)) });
      at = end;
    }
  }
  return { selectors, groupings };
}

function tokensOf(expression: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < expression.length) {
    const from = token.lastIndex;
    const found = token.exec(expression)?.[0];
    if (found === undefined) throw new SyntaxError(`Cannot read "${expression}" from "${expression.slice(from)}" on`);
    if (!/^[\s#[]/.test(found)) tokens.push(found);
  }
  return tokens;
}
