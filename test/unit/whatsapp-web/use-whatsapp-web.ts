import { afterAll, afterEach, beforeAll } from 'vitest';
import { createPhone, type Phone } from '../../whatsapp/phone-client.ts';
import { startWhatsAppWeb, type WhatsAppWeb } from '../../whatsapp-web/start-whatsapp-web.ts';
import { Page } from './a-page.ts';

export interface LinkedPage {
  readonly page: Page;
  /** The phone number it is linked to; every page has its own. */
  readonly number: string;
}

/** A stand-in for one test file, and pages of it that end with their test. */
export function useWhatsAppWeb() {
  const pages: Page[] = [];
  let site: WhatsAppWeb | undefined;
  let lastNumber = 15_550_001_000;

  beforeAll(async () => {
    site = await startWhatsAppWeb();
  });
  afterEach(async () => {
    await phone().fault('accept');
    await Promise.all(pages.splice(0).map((page) => page.end()));
  });
  afterAll(() => site?.stop());

  function theSite(): WhatsAppWeb {
    if (!site) throw new Error('Cannot use the stand-in: it has not started; use it inside a test');
    return site;
  }

  function phone(): Phone {
    return createPhone(theSite());
  }

  async function aPage(): Promise<Page> {
    const page = new Page(theSite().sitePort);
    pages.push(page);
    await page.connect();
    return page;
  }

  /** Goes the whole way: QR, scan, login. */
  async function aLinkedPage(): Promise<LinkedPage> {
    const number = String(++lastNumber);
    const page = await aPage();
    await phone().scan(await page.qr(), number);
    await page.comeBackPaired();
    await page.hears('synced');
    return { page, number };
  }

  const aNumber = () => String(++lastNumber);

  return { aPage, aLinkedPage, aNumber, site: theSite, phone };
}
