"""A robot made of the vendor's own SDK (dingtalk-stream), run against the tests' DingTalk to prove that one right.

Started with DINGTALK_OPENAPI_ENDPOINT. It connects, answers every message by text and by Markdown through the session
webhook, shows a card (create, deliver, stream, finish), answers presses of its buttons, and prints one JSON line for
each thing it saw. It is ended by its process id: the SDK swallows cancellation.
"""

import json
import sys

from dingtalk_stream import AckMessage, AICardReplier, ChatbotHandler, ChatbotMessage, Credential, DingTalkStreamClient
from dingtalk_stream import CallbackHandler, CallbackMessage
from dingtalk_stream.card_callback import CardCallbackMessage


def tell(**seen):
    print(json.dumps(seen, ensure_ascii=False), flush=True)


class Robot(ChatbotHandler):
    async def process(self, callback: CallbackMessage):
        message = ChatbotMessage.from_dict(callback.data)
        tell(
            saw="message",
            id=message.message_id,
            type=message.message_type,
            texts=message.get_text_list(),
            pictures=message.get_image_list(),
            conversation=message.conversation_type,
            staff=message.sender_staff_id,
        )
        text = " ".join(message.get_text_list() or [])
        tell(saw="text reply", answer=self.reply_text("收到：" + text, message))
        tell(saw="markdown reply", answer=self.reply_markdown("标题", "**收到**", message))
        tell(saw="token", got=bool(self.dingtalk_client.get_access_token()))
        if "卡片" in text:
            card = AICardReplier(self.dingtalk_client, message)
            track = await card.async_start("template.schema", {"content": ""})
            await card.async_streaming(track, "content", "写到一半", append=False, finished=False, failed=False)
            await card.async_streaming(track, "content", "写完了", append=False, finished=True, failed=False)
            await card.async_finish(track, {"content": "写完了"})
            tell(saw="card", track=track)
        return AckMessage.STATUS_OK, "OK"


class Buttons(CallbackHandler):
    async def process(self, callback: CallbackMessage):
        press = CardCallbackMessage.from_dict(callback.data)
        tell(saw="press", track=press.card_instance_id, user=press.user_id, content=press.content)
        return AckMessage.STATUS_OK, {"cardUpdateOptions": {"updateCardDataByKey": True}}


client = DingTalkStreamClient(Credential(sys.argv[1], sys.argv[2]))
client.register_callback_handler(ChatbotMessage.TOPIC, Robot())
client.register_callback_handler(CallbackHandler.TOPIC_CARD_CALLBACK, Buttons())
client.start_forever()
