"""Proves the fake Bot API of the tests: python-telegram-bot, which is not ours, calls every method and reads every field.

Usage: telegram_client.py BASE TOKEN. Prints one JSON object with what it saw; fails where anything cannot be read.
"""

import asyncio
import io
import json
import sys

from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters, WebAppInfo
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter

CHAT = 1001


async def refused(kind, call):
    """The words of a refusal of this kind."""
    try:
        await call
    except kind as error:
        return str(error)
    raise SystemExit(f"{kind.__name__} was expected")


async def main(base, token):
    seen = {}
    bot = Bot(token, base_url=f"{base}/bot", base_file_url=f"{base}/file/bot")
    async with bot:  # calls getMe
        seen["me"] = bot.username
        seen["commands"] = await bot.set_my_commands([BotCommand("human", "转人工")], language_code="zh")
        seen["webhook_set"] = await bot.set_webhook("https://a.example/hook", secret_token="a-secret_1", allowed_updates=["message"])
        info = await bot.get_webhook_info()
        seen["webhook"] = info.url
        seen["conflict"] = await refused(Conflict, bot.get_updates())
        seen["webhook_deleted"] = await bot.delete_webhook()

        updates = await bot.get_updates(timeout=0)
        seen["updates"] = [[update.update_id, update.effective_message and update.effective_message.message_id] for update in updates]
        seen["words"] = [update.effective_message.text or update.effective_message.caption for update in updates]
        seen["pressed"] = [update.callback_query.data for update in updates if update.callback_query]
        seen["left"] = len(await bot.get_updates(offset=updates[-1].update_id + 1, timeout=0))

        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("有用", callback_data="g")]])
        sent = await bot.send_message(
            CHAT, "<b>你好</b> &amp; 再见", parse_mode="HTML", reply_markup=keyboard,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_parameters=ReplyParameters(1, allow_sending_without_reply=True),
        )
        seen["sent"] = sent.text
        seen["button"] = sent.reply_markup.inline_keyboard[0][0].callback_data
        edited = await bot.edit_message_text("改了", chat_id=CHAT, message_id=sent.message_id)
        seen["edited"] = edited.text
        seen["unmodified"] = await refused(BadRequest, bot.edit_message_text("改了", chat_id=CHAT, message_id=sent.message_id))
        seen["markup"] = await refused(BadRequest, bot.send_message(CHAT, "<b>a", parse_mode="HTML"))
        seen["long"] = await refused(BadRequest, bot.send_message(CHAT, "😀" * 2049))
        data = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="长" * 22)]])
        seen["data"] = await refused(BadRequest, bot.send_message(CHAT, "a", reply_markup=data))
        page = InlineKeyboardMarkup([[InlineKeyboardButton("打开", web_app=WebAppInfo("https://a.example/s/1#k=2"))]])
        opened = await bot.send_message(CHAT, "点开", reply_markup=page)
        seen["page"] = opened.reply_markup.inline_keyboard[0][0].web_app.url
        plain = InlineKeyboardMarkup([[InlineKeyboardButton("打开", web_app=WebAppInfo("http://a.example/"))]])
        seen["plain_page"] = await refused(BadRequest, bot.send_message(CHAT, "a", reply_markup=plain))
        seen["group_page"] = await refused(BadRequest, bot.send_message(-1000000000500, "a", reply_markup=page))
        seen["typing"] = await bot.send_chat_action(CHAT, "typing")
        seen["answered"] = await bot.answer_callback_query("77", text="谢谢")
        photo = await bot.send_photo(CHAT, io.BytesIO(b"jpeg"), filename="a.jpg")
        seen["photo"] = photo.photo[0].file_size
        document = await bot.send_document(CHAT, io.BytesIO(b"pdf!!"), filename="表.pdf")
        seen["document"] = [document.document.file_name, document.document.file_size]
        file = await bot.get_file("kept")
        seen["file"] = (await file.download_as_bytearray()).decode()
        seen["deleted"] = await bot.delete_message(CHAT, sent.message_id)
        # The test has asked for one failure of this kind.
        try:
            await bot.send_message(CHAT, "429")
        except RetryAfter as error:
            seen["retry_after"] = error.retry_after if isinstance(error.retry_after, int) else error.retry_after.seconds

    stranger = Bot("1:wrong", base_url=f"{base}/bot")
    try:
        await stranger.initialize()
    except InvalidToken:
        seen["stranger"] = "refused"
    print(json.dumps(seen, ensure_ascii=False))


asyncio.run(main(*sys.argv[1:3]))
