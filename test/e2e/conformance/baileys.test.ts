import { everyLife } from './every-life.ts';

everyLife('Baileys');
