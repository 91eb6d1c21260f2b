/** The words of the story that several tests tell. */
export const QUESTION = '我的医保卡里有历年余额，能给老父亲用吗';
export const FOLLOW_UP = '那要带什么材料';
export const HUMAN = '没用，我要人工';
export const REPLY = '您好，可以的，带上双方的身份证就行。';
export const THANKS = '好的，父亲的医保卡也要带吗';
export const SECOND_REPLY = '医保卡也带上，办起来更快。';
export const COMMENT = '讲得很清楚';
export const FIRST_HELPER = '王老师';
export const SECOND_HELPER = '李老师';
