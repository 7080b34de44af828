/** The engines that a session may have; each image holds one of them. */
export const engineNames = ['Baileys', 'WhatsAppWebJS'] as const;
export type EngineName = (typeof engineNames)[number];
