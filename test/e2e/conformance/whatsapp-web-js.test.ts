import { everyLife } from './every-life.ts';

everyLife('WhatsAppWebJS');
