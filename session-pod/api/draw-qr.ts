import { encode } from 'uqr';

const black = '38;5;16';
const white = '48;5;231';
/** What two modules, one above the other, look like in one character. */
const halfBlocks = { none: ' ', upper: '▀', lower: '▄', both: '█' } as const;

/**
 * Draws a QR code for a terminal, two rows in a line. It sets black and white itself: a phone does not read a code whose
 * colours a dark terminal has turned round.
 */
export function drawQr(text: string): string {
  const { data, size } = encode(text, { ecc: 'L', border: 2 });
  const lines: string[] = [];
  for (let y = 0; y < size; y += 2) {
    let line = '';
    for (let x = 0; x < size; x++) line += halfBlock(data[y]?.[x] === true, data[y + 1]?.[x] === true);
    lines.push(`\u001B[${black};${white}m${line}\u001B[0m`);
  }
  return lines.join('\n');
}

function halfBlock(upper: boolean, lower: boolean): string {
  if (upper) return lower ? halfBlocks.both : halfBlocks.upper;
  return lower ? halfBlocks.lower : halfBlocks.none;
}
