/** English for those whose browser speaks it; the Chinese words stand in the page. */
export const en: Record<string, string> = {
  title: 'Let staff help you with the form',
  lead: 'Press the button to open the form. You will be asked first: staff see nothing until you agree.',
  codeLabel: 'Enter the six digits',
  codeHint: 'They have just been sent into your chat with the staff.',
  open: 'Open the form and get help',
  desktopLead: 'Staff would like to see a window on your computer, for pages that are not ours.',
  desktopYours: 'You choose the window; nothing is seen before you do. They can only look. Nothing is recorded.',
  desktopHeed: 'Everything in that window can be seen, messages and bank pages as well. Choose one window, not the entire screen.',
  desktopStay: 'Keep this page open while you share. Open the other website in another tab or window.',
  show: 'Share my screen (for other websites)',
  form: 'Open the form instead',
  note: 'This link is yours alone, works once, and for 10 minutes. Please don’t forward it. Staff never ask for passwords or codes.',
};

/** What is said in place of that, in both languages, where the link leads to one of the citizen's own pages. */
export const own = {
  zh: {
    chat: {
      title: '让工作人员看您的对话页面',
      lead: '点下面的按钮打开对话页面。打开以后会先问您，您同意了，工作人员才能看到。',
      open: '打开对话页面，请工作人员帮忙',
    },
    me: {
      title: '请工作人员陪您看“我的咨询”',
      lead: '点下面的按钮打开“我的咨询”。打开以后会先问您，您同意了，工作人员才能看到。',
      open: '打开“我的咨询”，请工作人员帮忙',
    },
  },
  en: {
    chat: {
      title: 'Let staff see your chat page',
      lead: 'Press the button to open the chat page. You will be asked first: staff see nothing until you agree.',
      open: 'Open the chat page and get help',
    },
    me: {
      title: 'Look at “My questions” with staff',
      lead: 'Press the button to open “My questions”. You will be asked first: staff see nothing until you agree.',
      open: 'Open “My questions” and get help',
    },
  },
};

export const faults = {
  zh: {
    gone: '这个链接已经用过或者过期了。请回到对话里，请工作人员再发一个。',
    failed: '暂时打不开，请过一会儿再点一次。一直打不开可以拨打 12345。',
    code: '数字不对，请再看一下对话里的六位数字。',
    short: '请输入六位数字。',
    broken: '这个链接不完整。请回到对话里，直接点那个链接。',
    opening: '正在打开…',
  },
  en: {
    gone: 'This link has been used or has expired. Please go back to the chat and ask for a new one.',
    failed: 'It can’t be opened just now. Please try again in a moment, or call 12345.',
    code: 'That is not the code. Please look at the six digits in the chat again.',
    short: 'Please enter six digits.',
    broken: 'This link is not complete. Please go back to the chat and press it there.',
    opening: 'Opening…',
  },
};
