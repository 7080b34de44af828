import { PNG } from 'pngjs';
import { encode, renderSVG, renderUnicodeCompact } from 'uqr';

/** Modules of white around the code, as the standard (ISO/IEC 18004) asks for. */
const border = 4;
/** Pixels of a module: a code of WhatsApp is some 60 modules wide, so that it fills half a screen. */
const pixels = 8;

/** A drawing in half blocks for a terminal, dark on light. */
export const qrText = (text: string) => `${renderUnicodeCompact(text, { border })}\n`;
export const qrSvg = (text: string) => renderSVG(text, { border, pixelSize: pixels });

export function qrPng(text: string): Buffer {
  const { data, size } = encode(text, { border });
  const width = size * pixels;
  const png = new PNG({ width, height: width, colorType: 0, inputColorType: 0, inputHasAlpha: false, bitDepth: 8 });
  png.data = Buffer.alloc(width * width);
  for (let y = 0; y < width; y++)
    for (let x = 0; x < width; x++)
      png.data[y * width + x] = data[Math.floor(y / pixels)]?.[Math.floor(x / pixels)] ? 0 : 255;
  return PNG.sync.write(png, { colorType: 0, inputColorType: 0, inputHasAlpha: false, bitDepth: 8 });
}
