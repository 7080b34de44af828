import { expect, test } from 'vitest';
import { FrameReader, frameOf } from '../../whatsapp/frame-reader.ts';
import { ProtocolError } from '../../whatsapp/stanza.ts';

const header = Buffer.from([87, 65, 6, 3]);
const routed = Buffer.concat([Buffer.from([69, 68, 0, 1, 0, 0, 2]), Buffer.from('xx'), header]);
const frames = [Buffer.from('first'), Buffer.from('second')];

test.each([
  { name: 'an intro', intro: header },
  { name: 'an intro with a routing hint', intro: routed },
])('read() cuts frames after $name, however the bytes are split', ({ intro }) => {
  const bytes = Buffer.concat([intro, ...frames.map(frameOf)]);
  for (let size = 1; size <= bytes.length; size++) {
    const reader = new FrameReader();
    const read: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) read.push(...reader.read(bytes.subarray(at, at + size)));
    expect(read).toEqual(frames);
  }
});

test('read() refuses a frame of more than 1 MiB before it has come', () => {
  const reader = new FrameReader();
  expect(() => reader.read(Buffer.concat([header, Buffer.from([0xff, 0xff, 0xff])]))).toThrow(ProtocolError);
});

test('read() refuses an intro of another protocol', () => {
  expect(() => new FrameReader().read(Buffer.from('GET / HTTP/1.1'))).toThrow(ProtocolError);
});
