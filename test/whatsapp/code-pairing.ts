import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers';
import { type BinaryNode, Curve } from '@whiskeysockets/baileys';
import { BadRequestError, NotFoundError } from '../admin-http/request-errors.ts';
import { phoneOfAddress } from './address.ts';
import type { Connection } from './connection.ts';
import { advSecret, openKeyBundle, unwrapKey, wrapKey } from './link-code.ts';
import type { Pairing } from './pairing.ts';
import { newKeyPair } from './root-key.ts';
import { attributeOf, bytesOf, childOf, ProtocolError, serverDomain, stanza } from './stanza.ts';

/** From the phone's word until the client has answered it, in milliseconds: both derive two keys from the code. */
const finishWithinMs = 8_000;
const tag = 'link_code_companion_reg';

/** A client that shows a code and waits for it to be entered. */
interface Hello {
  readonly phone: string;
  readonly reference: Buffer;
  readonly wrappedKey: Buffer;
  /** Set while the phone waits for the client's second message. */
  finish?: (sealedBundle: Buffer) => void;
}

export type CodePairing = ReturnType<typeof createCodePairing>;

/**
 * Links a device by the eight characters it shows instead of a QR: the server carries messages between it and the phone with the
 * given number, and only who knows the code can read the keys in them.
 */
export function createCodePairing(pairing: Pairing) {
  const hellos = new Map<Connection, Hello>();

  /** Takes what a client that is not linked yet says about a code. */
  function onRequest(connection: Connection, request: BinaryNode) {
    const content = childOf(request, tag);
    const { stage } = content.attrs;
    if (stage === 'companion_hello') return onHello(connection, request, content);
    if (stage === 'companion_finish') return onFinish(connection, request, content);
    throw new ProtocolError('pair by code', 'the client names no known stage');
  }

  function onHello(connection: Connection, request: BinaryNode, content: BinaryNode) {
    const reference = randomBytes(16);
    const wrappedKey = bytesOf(childOf(content, 'link_code_pairing_wrapped_companion_ephemeral_pub'));
    hellos.delete(connection); // The client that asked last is the last of them.
    hellos.set(connection, { phone: phoneOfAddress(attributeOf(content, 'jid')), reference, wrappedKey });
    const told = stanza('link_code_pairing_ref', {}, reference);
    connection.send(resultOf(request, [stanza(tag, { stage: 'companion_hello' }, [told])]));
  }

  function onFinish(connection: Connection, request: BinaryNode, content: BinaryNode) {
    const hello = hellos.get(connection);
    if (!hello?.reference.equals(bytesOf(childOf(content, 'link_code_pairing_ref'))))
      throw new ProtocolError('finish a pairing by code', 'its reference is not the one that was given');
    connection.send(resultOf(request)); // The server cannot tell whether the code was the right one: the phone can.
    hello.finish?.(bytesOf(childOf(content, 'link_code_pairing_wrapped_key_bundle')));
  }

  /**
   * What the owner of the phone does: types in the code that the client shows.
   * @returns the address of the new device, which is linked once it has answered.
   * @throws {NotFoundError} no client waits for a code of this phone, or it does not answer within 8 s.
   * @throws {BadRequestError} the code is not the one that the client shows.
   */
  async function enter(code: string, phone: string): Promise<string> {
    const [connection, hello] = waitingFor(phone);
    const registration = pairing.registrationOf(connection);
    if (!registration) throw new ProtocolError('pair by code', 'the client is linked already');
    const account = pairing.accountOf(phone);
    const ephemeral = newKeyPair();
    const [companionKey, wrappedKey] = await Promise.all([
      unwrapKey(hello.wrappedKey, code),
      wrapKey(ephemeral.public, code),
    ]);
    const finished = untilFinished(hello);
    connection.send(
      stanza('notification', { from: serverDomain, type: tag, id: connection.newStanzaId() }, [
        stanza(tag, { stage: 'primary_hello' }, [
          stanza('link_code_pairing_ref', {}, hello.reference),
          stanza('primary_identity_pub', {}, account.key.public),
          stanza('link_code_pairing_wrapped_primary_ephemeral_pub', {}, wrappedKey),
        ]),
      ]),
    );
    const sharedKey = Curve.sharedKey(ephemeral.private, companionKey);
    const bundle = openKeyBundle(await finished, sharedKey);
    const { identityKey } = registration.keys;
    if (!bundle?.companionIdentity.equals(identityKey) || !bundle.primaryIdentity.equals(account.key.public)) {
      throw new BadRequestError('code', 'it is not the one that the client shows', 'take that one');
    }
    hellos.delete(connection); // A code is good once.
    const sharedIdentityKey = Curve.sharedKey(account.key.private, identityKey);
    return pairing.link(registration, phone, advSecret(sharedKey, sharedIdentityKey, bundle.random));
  }

  /** The client that asked last. */
  function waitingFor(phone: string): [Connection, Hello] {
    const found = [...hellos].findLast(([connection, hello]) => hello.phone === phone && connection.isOpen);
    if (found) return found;
    throw new NotFoundError('enter the code', 'no client waits for a code of this phone', 'let it ask for one first');
  }

  function forget(connection: Connection) {
    hellos.delete(connection);
  }

  return { onRequest, enter, forget };
}

function resultOf(request: BinaryNode, content?: BinaryNode[]): BinaryNode {
  return stanza('iq', { from: serverDomain, type: 'result', id: attributeOf(request, 'id') }, content);
}

/** The client's second message, which is lost on a client that is gone. */
function untilFinished(hello: Hello): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const seen = `it did not answer within ${finishWithinMs} ms`;
    const timer = setTimeout(() => {
      delete hello.finish;
      reject(new NotFoundError('enter the code', seen, 'see whether the client lives'));
    }, finishWithinMs);
    hello.finish = (sealedBundle) => {
      clearTimeout(timer);
      delete hello.finish;
      resolve(sealedBundle);
    };
  });
}
