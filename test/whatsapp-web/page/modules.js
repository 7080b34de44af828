import { mediaModules } from './media.js';
import { Collection } from './model.js';
import { decodeBase64, encodeBase64 } from './profile.js';
import { createWid, lidOf, MsgKey, phoneOf } from './wid.js';

const linksIn = (text) => [...String(text ?? '').matchAll(/https?:\/\/\S+/g)].map(([href]) => ({ href }));

/** The modules of WhatsApp Web that whatsapp-web.js asks for, by their name there. */
export function siteModules({ profile, session, messages, linking, Socket, Conn, Cmd }) {
  const key = (name) => ({ pubKey: decodeBase64(profile.keys[name]) });
  return {
    ...mediaModules(profile),
    WAWebSocketModel: { Socket },
    WAWebConnModel: { Conn },
    WAWebCmd: { Cmd },
    WAWebOfflineHandler: { OfflineMessageHandler: { getOfflineDeliveryProgress: () => session.progress } },
    WAWebLaunchSocketUtils: { refreshQR: () => linking.refresh() },
    WAWebAltDeviceLinkingApi: {
      setPairingType: (type) => linking.linkByCode(type === 'ALT_DEVICE_LINKING'),
      initializeAltDeviceLinking: async () => linking.linkByCode(true),
      initializeQRLinking: async () => linking.linkByCode(false),
      startAltLinkingFlow: (phone) => linking.requestCode(phone),
    },
    WABase64: { encodeB64: encodeBase64 },
    WAWebCompanionRegClientUtils: { DEVICE_PLATFORM: '1' },
    WAWebAdvSignatureApi: {},
    WAWebUserPrefsInfoStore: { waNoiseInfo: { get: async () => ({ staticKeyPair: key('noise') }) } },
    WAWebSignalStoreApi: {
      waSignalStore: { getRegistrationInfo: async () => ({ identityKeyPair: key('identity') }) },
    },
    WAWebUserPrefsMultiDevice: { getADVSecretKey: () => profile.keys.secret },
    WAWebUserPrefsMeUser: {
      getMaybeMePnUser: () => session.me,
      getMaybeMeLidUser: () => session.me && lidOf(session.me),
    },
    WAWebMiscBrowserUtils: { info: () => ({ os: 'Linux', name: 'Chrome' }) },
    WAWebStreamModel: { Stream: { markAvailable() {}, markUnavailable() {} } },
    WAWebSyncGatingUtils: {},
    WAWebCallCollection: undefined, // It is asked for, and may be missing.
    WAWebCollections: { Msg: messages.messages, Chat: messages.chats, Contact: new Collection() },
    WAWebMsgKey: MsgKey,
    WAWebWidFactory: { createWid, asUserWidOrThrow: createWid },
    WAWebApiContact: { getCurrentLid: lidOf, getPhoneNumber: phoneOf, getAlternateUserWid: lidOf },
    WAWebQueryExistsJob: { queryWidExists: async (wid) => ({ wid }) },
    WAWebChatGetters: { getIsNewsletter: () => false, getIsBroadcast: ({ id }) => id.isStatus() },
    WAWebFindChatAction: { findOrCreateLatestChat: async (wid) => ({ chat: messages.chatOf(createWid(wid)) }) },
    WAWebChatLoadMessages: { loadEarlierMsgs: async () => [] },
    WAWebUpdateUnreadChatAction: { sendSeen: ({ chat }) => messages.markRead(chat) },
    WAWebSendMsgChatAction: { addAndSendMsgToChat: (chat, message) => messages.send(chat, message) },
    WAWebGetEphemeralFieldsMsgActionsUtils: { getEphemeralFields: () => ({}) },
    WALinkify: { findLinks: linksIn, findLink: (text) => linksIn(text)[0] },
    WAWebLinkPreviewChatAction: { getLinkPreview: async () => undefined },
  };
}
