import type { World } from './account.ts';
import { Contact } from './contact.ts';

const maxContacts = 20_000;

/** Gives the contact with this phone number; one nobody has written with yet comes into being. */
export function contactOf({ contacts }: World, phone: string): Contact {
  const known = contacts.get(phone);
  if (known) return known;
  const [oldest] = contacts.keys();
  if (contacts.size >= maxContacts && oldest !== undefined) contacts.delete(oldest);
  const contact = new Contact(phone);
  contacts.set(phone, contact);
  return contact;
}
