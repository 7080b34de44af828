/** Why a key is to be worked, the most urgent first. */
export const priorities = ['force-kill', 'deletion', 'user-change', 'report', 'resync'] as const;
export type Priority = (typeof priorities)[number];

/** What workers reserved for urgent work take. */
export function isUrgent(priority: Priority): boolean {
  return priority === 'force-kill' || priority === 'deletion';
}

/** The more urgent of two. */
export function moreUrgent(a: Priority, b: Priority): Priority {
  return priorities.indexOf(a) <= priorities.indexOf(b) ? a : b;
}
