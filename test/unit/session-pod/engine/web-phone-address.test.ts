import { runInNewContext } from 'node:vm';
import type { InboundMessage } from '@berth/session-pod/engine/engine.ts';
import type { WebPage } from '@berth/session-pod/engine/web-page.ts';
import { withPhoneAddresses } from '@berth/session-pod/engine/web-phone-address.ts';
import { expect, test } from 'vitest';

type Page = Pick<WebPage, 'client'>;
const inGroup: InboundMessage = { id: '3A01', chat: '123@g.us', from: '77@lid', text: 'hello', sentAtMs: 0 };

/** A page that knows these phone numbers by the hidden address. */
function aPage(known: Readonly<Record<string, string>>): Page {
  const modules: Readonly<Record<string, unknown>> = {
    WAWebWidFactory: { createWid: (address: string) => ({ _serialized: address }) },
    WAWebApiContact: {
      getPhoneNumber({ _serialized }: { readonly _serialized: string }) {
        const phone = known[_serialized];
        return phone && { _serialized: phone };
      },
    },
  };
  const window = { require: (name: string) => modules[name] };
  return aPageThat(async (script) => runInNewContext(script, { window }) as unknown);
}

function aPageThat(evaluate: (script: string) => Promise<unknown>): Page {
  return { client: { pupPage: { evaluate } } } as unknown as Page;
}

test('withPhoneAddresses() tells who wrote by the phone number that the page knows', async () => {
  const page = aPage({ '77@lid': '5511888880000@c.us' });
  expect(await withPhoneAddresses(inGroup, page)).toEqual({ ...inGroup, from: '5511888880000@s.whatsapp.net' });
  const direct = { ...inGroup, chat: '77@lid' };
  expect(await withPhoneAddresses(direct, page)).toMatchObject({
    chat: '5511888880000@s.whatsapp.net',
    from: '5511888880000@s.whatsapp.net',
  });
});

test.each([
  { name: 'that does not know it', page: aPage({}) },
  { name: 'that has changed', page: aPageThat(() => Promise.reject(new Error('Requiring unknown module'))) },
  { name: 'that is gone', page: undefined },
])('withPhoneAddresses() leaves the hidden address of a page $name', async ({ page }) => {
  expect(await withPhoneAddresses(inGroup, page)).toEqual(inGroup);
});

test('withPhoneAddresses() asks nothing where nothing is hidden', async () => {
  const page = aPageThat(() => Promise.reject(new Error('asked')));
  const open = { ...inGroup, from: '5511888880000@s.whatsapp.net' };
  expect(await withPhoneAddresses(open, page)).toBe(open);
});
