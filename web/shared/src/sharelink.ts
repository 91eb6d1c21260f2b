/**
 * A link to a shared page, as it stands in a message: the server's address before it, the share's id and key in it, and which
 * of the citizen's own pages it is for, when it is for one.
 */
export const SHARE_LINK = /https?:\/\/[^\s<>()]+\/s\/([\w-]{22})#k=([\w-]{22})(?:&at=(chat|me)(?![\w-]))?/;

/** The citizen's pages of our own that can be shared. */
export type OwnPage = 'chat' | 'me';
