/** A link to a shared form, as it stands in a message: the server's address before it, the share's id and key in it. */
export const SHARE_LINK = /https?:\/\/[^\s<>()]+\/s\/([\w-]{22})#k=([\w-]{22})/;
