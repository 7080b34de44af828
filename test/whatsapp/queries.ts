import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren } from '@whiskeysockets/baileys';
import type { Device, World } from './account.ts';
import { lidAddress, phoneAddress, phoneOfAddress } from './address.ts';
import type { Connection } from './connection.ts';
import { contactOf } from './contact-book.ts';
import { maxUploadBytes } from './media-server.ts';
import { attributeOf, bytesOf, childOf, firstTagOf, serverDomain, stanza } from './stanza.ts';

/** A device keeps about 800 one-time keys on the server. */
const maxPreKeys = 5_000;

interface Dependencies {
  readonly world: World;
  /** Called after something that outlives the connection has changed. */
  readonly changed: () => void;
  /** The session logs out by itself. */
  readonly unlink: (device: Device) => void;
  /** Where this client finds files, as "name:port", and what an upload has to show. */
  readonly mediaHost: (connection: Connection) => { readonly hostname: string; readonly auth: string };
}

/** Answers what a client asks the server: keys, devices of a contact, settings, pings. */
export function createQueries({ world, changed, unlink, mediaHost }: Dependencies) {
  function answerContent(connection: Connection, device: Device, query: BinaryNode): BinaryNode[] | undefined {
    const asked = firstTagOf(query);
    const { xmlns = '' } = query.attrs;
    switch (xmlns) {
      case 'encrypt':
        return aboutKeys(device, query, asked);
      case 'usync': {
        const users = getBinaryNodeChildren(childOf(childOf(query, 'usync'), 'list'), 'user');
        return [
          stanza('usync', {}, [
            stanza(
              'list',
              {},
              users.map((user) => contactDevices(device, user)),
            ),
          ]),
        ];
      }
      case 'w:m':
        return asked === 'media_conn' ? [mediaConnection(connection)] : undefined;
      case 'privacy':
        return [stanza('privacy', {}, [])];
      default:
        // Pings, presence, block lists and statistics want no more than an answer.
        return asked === 'props' ? [stanza('props', { hash: 'stand-in' }, [])] : undefined;
    }
  }

  function aboutKeys(device: Device, query: BinaryNode, asked: string | undefined): BinaryNode[] | undefined {
    if (asked === 'count') return [stanza('count', { value: String(device.preKeys.size) })];
    if (asked === 'digest') return [stanza('digest', {}, [])];
    if (asked === 'key') {
      const addresses = getBinaryNodeChildren(childOf(query, 'key'), 'user').map((user) => attributeOf(user, 'jid'));
      const bundles = addresses.map((address) => contactOf(world, phoneOfAddress(address)).keyBundle(address));
      changed();
      return [stanza('list', {}, bundles)];
    }
    if (query.attrs['type'] === 'set') {
      for (const key of getBinaryNodeChildren(getBinaryNodeChild(query, 'list'), 'key')) {
        const id = bytesOf(childOf(key, 'id')).readUIntBE(0, 3);
        if (device.preKeys.size < maxPreKeys) device.preKeys.set(id, bytesOf(childOf(key, 'value')));
      }
      changed();
    }
    return undefined;
  }

  function mediaConnection(connection: Connection): BinaryNode {
    const { hostname, auth } = mediaHost(connection);
    const host = stanza('host', { hostname, maxContentLengthBytes: String(maxUploadBytes) });
    return stanza('media_conn', { auth, ttl: '3600', auth_ttl: '3600', max_buckets: '12' }, [host]);
  }

  /** Every number is on WhatsApp with one device, its phone; of the session's own only this device is told. */
  function contactDevices(device: Device, user: BinaryNode): BinaryNode {
    const address = user.attrs['jid'] ?? phoneAddress(numberIn(childOf(user, 'contact')));
    const phone = phoneOfAddress(address);
    const own = { id: String(device.id), 'key-index': String(device.id) };
    const known = stanza('device', phone === device.phone ? own : { id: '0' });
    return stanza('user', { jid: address }, [
      stanza('contact', { type: 'in' }),
      stanza('devices', {}, [stanza('device-list', {}, [known])]),
      stanza('lid', { val: lidAddress(phone) }),
    ]);
  }

  /** Gives the answer to one <iq>. */
  return function answerQuery(connection: Connection, device: Device, query: BinaryNode): BinaryNode {
    const attrs = { from: serverDomain, type: 'result', id: attributeOf(query, 'id') };
    const answer = stanza('iq', attrs, answerContent(connection, device, query));
    if (firstTagOf(query) === 'remove-companion-device') setImmediate(() => unlink(device)); // After the answer.
    return answer;
  };
}

/** The content of <contact> is a number with "+", as text or as bytes. */
function numberIn(contact: BinaryNode): string {
  const { content } = contact;
  return (typeof content === 'string' ? content : bytesOf(contact).toString('utf8')).replace('+', '');
}
